// SPDX-License-Identifier: Apache-2.0
// One function for each kind of hook. All attach through a kernel bpf_link, beside other people's
// programs: it detaches when its descriptor is closed, also by the death of the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "bpf/unique_fd.h"

struct bpf_program;

namespace pdtt {

/// Each returns the link's descriptor, or an empty one with errno set.
[[nodiscard]] UniqueFd AttachCgroup(const bpf_program* program, int cgroup_fd);
[[nodiscard]] UniqueFd AttachTracing(const bpf_program* program);
/// `flags`: XDP_FLAGS_DRV_MODE (native) or XDP_FLAGS_SKB_MODE (generic).
[[nodiscard]] UniqueFd AttachXdp(const bpf_program* program, std::uint32_t ifindex,
                                 std::uint32_t flags);
/// `map_fd` for an iterator over one map's elements, else -1.
[[nodiscard]] UniqueFd AttachIterator(const bpf_program* program, int map_fd);

/// "another XDP program is already attached to it" and the like, for an errno of AttachXdp.
[[nodiscard]] std::string ExplainXdp(int error);

/// Runs an iterator to its end and hands over its output piece by piece. False with errno set on
/// an error.
[[nodiscard]] bool ReadIterator(const UniqueFd& link,
                                const std::function<void(std::span<const std::byte>)>& use);

}  // namespace pdtt
