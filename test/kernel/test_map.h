// SPDX-License-Identifier: Apache-2.0
// Kernel maps that a test fills by hand.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <span>

#include "bpf/unique_fd.h"

namespace pdtt::test {

struct MapSize {
  std::size_t key;
  std::size_t value;
  std::uint32_t entries;
};

/// Throws std::system_error if the kernel refuses.
[[nodiscard]] UniqueFd CreateMap(bpf_map_type type, const MapSize& size);

void SetElement(const UniqueFd& map, const void* key, const void* value);

/// Element `index` of a per-CPU array of u64 counters: `words` on `cpu`, zeros on the others.
void SetOnCpu(const UniqueFd& map, std::uint32_t index, std::size_t cpu,
              std::span<const std::uint64_t> words);

[[nodiscard]] std::size_t PossibleCpus();

}  // namespace pdtt::test
