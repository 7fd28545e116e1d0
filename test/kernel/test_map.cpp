// SPDX-License-Identifier: Apache-2.0
#include "test_map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "bpf/error.h"

namespace pdtt::test {

UniqueFd CreateMap(bpf_map_type type, const MapSize& size) {
  LIBBPF_OPTS(bpf_map_create_opts, options);
  options.map_flags = type == BPF_MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0;
  UniqueFd map{bpf_map_create(type, "pdtt_test", static_cast<__u32>(size.key),
                              static_cast<__u32>(size.value), size.entries, &options)};
  if (!map) {
    ThrowBpf(errno, "create a map");
  }
  return map;
}

void SetElement(const UniqueFd& map, const void* key, const void* value) {
  if (const int error = bpf_map_update_elem(map.Get(), key, value, BPF_ANY); error != 0) {
    ThrowBpf(error, "fill a map");
  }
}

void SetOnCpu(const UniqueFd& map, std::uint32_t index, std::size_t cpu,
              std::span<const std::uint64_t> words) {
  std::vector<std::uint64_t> all(PossibleCpus() * words.size());
  std::copy(words.begin(), words.end(),
            all.begin() + static_cast<std::ptrdiff_t>(cpu * words.size()));
  SetElement(map, &index, all.data());
}

std::size_t PossibleCpus() {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) {
    ThrowBpf(cpus, "count the possible CPUs");
  }
  return static_cast<std::size_t>(cpus);
}

}  // namespace pdtt::test
