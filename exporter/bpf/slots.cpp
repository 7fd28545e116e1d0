// SPDX-License-Identifier: Apache-2.0
#include "bpf/slots.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <set>

#include "bpf/error.h"
#include "bpf/map_reader.h"
#include "bpf/unique_fd.h"
#include "pdtt_abi.h"

namespace pdtt {
namespace {

UniqueFd Open(const OldTables& tables, const char* map) {
  const auto pin = tables.directory / map;
  UniqueFd fd{bpf_obj_get(pin.c_str())};
  if (!fd) {
    ThrowBpf(errno, "open " + pin.string());
  }
  return fd;
}

std::uint32_t IdOf(int map) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  return bpf_obj_get_info_by_fd(map, &info, &size) == 0 ? info.id : 0;
}

}  // namespace

void TakeOverSlots(const OldTables& from, int account_map, std::uint32_t capacity) {
  const UniqueFd old = Open(from, "account_map");
  if (IdOf(old.Get()) == IdOf(account_map)) {
    return;
  }
  const UniqueFd old_free = Open(from, "free_slots_map");
  std::uint32_t slot = 0;
  while (bpf_map_lookup_and_delete_elem(old_free.Get(), nullptr, &slot) == 0) {
  }
  ForEachEntrySlowly<pdtt_account_key, std::uint32_t>(
      old.Get(), [&](const pdtt_account_key& key, std::uint32_t used) {
        if (used >= capacity) {
          return;
        }
        if (const int error = bpf_map_update_elem(account_map, &key, &used, BPF_ANY); error != 0) {
          ThrowBpf(error, "fill account_map");
        }
      });
}

// A stack: the last number pushed is the first one used, so that those in use stay dense.
void FillFreeSlots(int account_map, int free_slots_map, std::uint32_t capacity) {
  std::set<std::uint32_t> used;
  ForEachEntrySlowly<pdtt_account_key, std::uint32_t>(
      account_map, [&](const pdtt_account_key&, std::uint32_t slot) { used.insert(slot); });
  std::uint32_t top = 0;
  if (!used.empty() && bpf_map_lookup_elem(free_slots_map, nullptr, &top) == 0) {
    return;  // taken over with the accounts
  }
  for (std::uint32_t slot = capacity; slot-- > 0;) {
    if (used.contains(slot)) {
      continue;
    }
    if (const int error = bpf_map_update_elem(free_slots_map, nullptr, &slot, BPF_ANY);
        error != 0) {
      ThrowBpf(error, "fill free_slots_map");
    }
  }
}

}  // namespace pdtt
