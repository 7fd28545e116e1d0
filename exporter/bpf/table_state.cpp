// SPDX-License-Identifier: Apache-2.0
#include "bpf/table_state.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "bpf/unique_fd.h"

namespace pdtt {
namespace {

std::optional<bpf_map_info> InfoOf(int map) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  return bpf_obj_get_info_by_fd(map, &info, &size) == 0 ? std::optional(info) : std::nullopt;
}

std::chrono::system_clock::time_point ToTime(std::uint64_t unix_ns) {
  return std::chrono::system_clock::time_point(std::chrono::nanoseconds(unix_ns));
}

}  // namespace

std::optional<pdtt_state> ReadState(const std::filesystem::path& tables) {
  const UniqueFd map{bpf_obj_get((tables / "state_map").c_str())};
  const std::optional<bpf_map_info> info = map ? InfoOf(map.Get()) : std::nullopt;
  if (!info) {
    return std::nullopt;
  }
  std::vector<std::byte> value(std::max<std::size_t>(info->value_size, sizeof(pdtt_state)));
  const std::uint32_t only = 0;
  if (bpf_map_lookup_elem(map.Get(), &only, value.data()) != 0) {
    return std::nullopt;
  }
  pdtt_state state{};
  std::memcpy(&state, value.data(), sizeof(state));
  return state;
}

CountingSince ToCountingSince(const pdtt_state& state) {
  return {.accounts = ToTime(state.since_ns),
          .xdp_users = ToTime(state.xdp_users_since_ns),
          .xdp_results = ToTime(state.xdp_results_since_ns)};
}

bool IsPinnedAt(int map, const std::filesystem::path& pin) {
  const UniqueFd pinned{bpf_obj_get(pin.c_str())};
  const auto one = InfoOf(map);
  const auto other = pinned ? InfoOf(pinned.Get()) : std::nullopt;
  return one && other && one->id == other->id;
}

}  // namespace pdtt
