// SPDX-License-Identifier: Apache-2.0
#include "bpf/subuid_map.h"

#include <bpf/bpf.h>
#include <endian.h>

#include <algorithm>
#include <bit>

#include "bpf/map_reader.h"
#include "pdtt_abi.h"

namespace pdtt {
namespace {

constexpr std::uint64_t kAllUids = std::uint64_t{1} << 32;

pdtt_uid_lpm_key ToKey(const UidPrefix& prefix) {
  return {.prefix_len = prefix.length, .uid = htobe32(prefix.uid)};
}

}  // namespace

std::vector<UidPrefix> ToPrefixes(std::uint32_t first, std::uint32_t last) {
  std::vector<UidPrefix> prefixes;
  const std::uint64_t end = std::uint64_t{last} + 1;
  for (std::uint64_t uid = first; uid < end;) {
    const std::uint64_t aligned = uid == 0 ? kAllUids : std::uint64_t{1} << std::countr_zero(uid);
    const std::uint64_t size = std::min(aligned, std::bit_floor(end - uid));
    prefixes.push_back({static_cast<std::uint32_t>(uid),
                        static_cast<std::uint32_t>(std::countr_zero(kAllUids / size))});
    uid += size;
  }
  return prefixes;
}

SubuidMap::SubuidMap(int fd) : fd_(fd) {
  ForEachEntrySlowly<pdtt_uid_lpm_key, std::uint32_t>(
      fd_, [&](const pdtt_uid_lpm_key& key, std::uint32_t owner) {
        owners_.emplace(UidPrefix{be32toh(key.uid), key.prefix_len}, owner);
      });
}

bool SubuidMap::Set(std::span<const SubuidRange> ranges) {
  std::map<UidPrefix, std::uint32_t> wanted;
  for (const SubuidRange& range : ranges) {
    for (const UidPrefix& prefix : ToPrefixes(range.first, range.last)) {
      wanted.emplace(prefix, range.owner);  // the first line of the file wins
    }
  }
  for (auto entry = owners_.begin(); entry != owners_.end();) {
    if (wanted.contains(entry->first)) {
      ++entry;
      continue;
    }
    const pdtt_uid_lpm_key key = ToKey(entry->first);
    bpf_map_delete_elem(fd_, &key);
    entry = owners_.erase(entry);
  }
  bool complete = true;
  for (const auto& [prefix, owner] : wanted) {
    const auto known = owners_.find(prefix);
    if (known != owners_.end() && known->second == owner) {
      continue;
    }
    const pdtt_uid_lpm_key key = ToKey(prefix);
    if (bpf_map_update_elem(fd_, &key, &owner, BPF_ANY) != 0) {
      complete = false;
      continue;
    }
    owners_[prefix] = owner;
  }
  return complete;
}

}  // namespace pdtt
