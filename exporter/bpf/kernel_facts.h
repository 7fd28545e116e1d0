// SPDX-License-Identifier: Apache-2.0
// What is known about this kernel and this process that can explain why something is refused. A
// fact that can't be read stays unknown.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/kernel_config.h"

namespace pdtt {

enum class Lockdown { kUnknown, kNone, kIntegrity, kConfidentiality };

[[nodiscard]] std::string_view LockdownName(Lockdown lockdown);

enum class Capability { kBpf, kPerfmon, kNetAdmin, kSysAdmin, kSysPtrace, kSysResource };

/// Such as CAP_BPF.
[[nodiscard]] std::string_view CapabilityName(Capability capability);

/// Where the facts are read; tests make them up.
struct KernelFactPaths {
  std::filesystem::path proc = "/proc";
  std::filesystem::path sys = "/sys";
  std::filesystem::path boot = "/boot";
  std::filesystem::path modules = "/lib/modules";
};

struct KernelFacts {
  std::string release;  ///< as uname -r prints it
  std::string machine;
  KernelConfig config;

  Lockdown lockdown = Lockdown::kUnknown;
  std::string lockdown_origin;  ///< what says so; empty if it is unknown

  /// The effective ones. CAP_SYS_ADMIN brings CAP_BPF and CAP_PERFMON.
  std::set<Capability> capabilities;
  /// In another one, whatever the capabilities are, they do not count for BPF.
  bool initial_user_namespace = true;

  bool seccomp_filter = false;  ///< a container's or a service's, which may refuse bpf(2)

  std::string btf;  ///< the file with the kernel's type information; empty if there is none
  bool kprobe_events = false;
  int perf_event_paranoid = 2;  ///< the sysctl; above 2 is a level that only some vendors have
  std::optional<std::filesystem::path> bpffs;  ///< where it is mounted

  /// Mounts of cgroup v1's net_cls and net_prio.
  std::vector<std::filesystem::path> network_cgroups;
  /// Programs on cgroup2 don't see the sockets of processes in those: so it was before Linux 5.15.
  std::optional<bool> network_cgroups_hide_sockets;

  std::optional<std::uint64_t> memlock_limit;  ///< RLIMIT_MEMLOCK in bytes; nothing: unlimited
  /// BPF memory counts against that limit: so it was before Linux 5.11.
  std::optional<bool> memlock_limits_bpf;

  [[nodiscard]] bool Has(Capability capability) const { return capabilities.contains(capability); }

  /// Those of CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN that the process does not have.
  [[nodiscard]] std::vector<Capability> MissingCapabilities() const;
};

[[nodiscard]] KernelFacts ReadKernelFacts(const KernelFactPaths& paths = {});

}  // namespace pdtt
