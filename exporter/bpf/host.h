// SPDX-License-Identifier: Apache-2.0
// Facts about this host that attaching depends on. Paths are arguments: hosts differ.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "bpf/kernel_facts.h"
#include "bpf/refusal.h"

namespace pdtt {

/// The mount point of cgroup2, found by file-system type in a mounts(5) file. Throws
/// std::runtime_error with the remedy if there is none.
[[nodiscard]] std::filesystem::path FindCgroup2(const std::filesystem::path& mounts);

/// The id that the kernel knows a cgroup by, whatever the mount shows of the tree: the inode of its
/// directory, 1 for the root of the host. 0 if there is no such directory.
[[nodiscard]] std::uint64_t CgroupId(const std::filesystem::path& cgroup);

/// Checks that `cgroup` is a directory of cgroup2. Throws std::runtime_error with the remedy.
void RequireCgroup2(const std::filesystem::path& cgroup);

/// First and last port of net.ipv4.ip_local_port_range; Linux's default if it can't be read.
[[nodiscard]] std::pair<std::uint32_t, std::uint32_t> EphemeralPorts();

/// SO_NETNS_COOKIE of the calling process's network namespace; 0 before Linux 5.14.
[[nodiscard]] std::uint64_t NetnsCookie();

/// The index of a network interface. Throws std::runtime_error if there is none of that name.
[[nodiscard]] std::uint32_t InterfaceIndex(const std::string& name);

/// Why no BPF program at all can be loaded here, from facts and from one trial; empty if one can.
[[nodiscard]] Refusal RefusalOfBpf(const KernelFacts& facts);

/// Throws std::runtime_error with that.
void RequireBpf(const KernelFacts& facts);

/// Whether bpf(2) refuses the calling thread, as it is now, even the maps that it has open: before
/// Linux 5.19 it does so without CAP_BPF where kernel.unprivileged_bpf_disabled is set.
[[nodiscard]] bool MapsNeedPrivilege();

/// True while kernel.bpf_stats_enabled is on.
[[nodiscard]] bool ProgramStatisticsEnabled();

}  // namespace pdtt
