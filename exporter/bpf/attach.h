// SPDX-License-Identifier: Apache-2.0
// One function for each kind of hook. All attach through a kernel bpf_link, beside other people's
// programs: it detaches when its descriptor is closed, also by the death of the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "bpf/unique_fd.h"

struct bpf_link;
struct bpf_program;

namespace pdtt {

struct DestroyLink {
  void operator()(bpf_link* link) const noexcept;
};

/// A perf event and the program it runs: libbpf knows the ways of all kernels.
using KprobeLink = std::unique_ptr<bpf_link, DestroyLink>;

/// Each returns the link's descriptor, or an empty one with errno set.
[[nodiscard]] UniqueFd AttachCgroup(const bpf_program* program, int cgroup_fd);
[[nodiscard]] UniqueFd AttachTracing(const bpf_program* program);
/// Null with errno set. `function` is a kernel function; the program's type says which end of it.
[[nodiscard]] KprobeLink AttachKprobe(const bpf_program* program, const char* function);
/// `flags`: XDP_FLAGS_DRV_MODE (native) or XDP_FLAGS_SKB_MODE (generic).
[[nodiscard]] UniqueFd AttachXdp(const bpf_program* program, std::uint32_t ifindex,
                                 std::uint32_t flags);
/// `map_fd` for an iterator over one map's elements, else -1.
[[nodiscard]] UniqueFd AttachIterator(const bpf_program* program, int map_fd);

/// Runs an iterator to its end and hands over its output piece by piece. False with errno set on
/// an error.
[[nodiscard]] bool ReadIterator(const UniqueFd& link,
                                const std::function<void(std::span<const std::byte>)>& use);

}  // namespace pdtt
