// SPDX-License-Identifier: Apache-2.0
// What the configuration means on this host: names become indices, uids and paths.
#pragma once

#include "bpf/kernel_source.h"
#include "collect/snapshot_builder.h"
#include "config/config.h"

namespace pdtt {

/// Looks interfaces and the cgroup up. Throws std::runtime_error with the remedy.
[[nodiscard]] KernelOptions ToKernelOptions(const Config& config);

[[nodiscard]] std::vector<NamedPrefixes> ToNamedPrefixes(const std::vector<Network>& networks);

/// Looks excluded users up. Throws std::runtime_error with the remedy. The networks are left out:
/// KernelSource::SetNetworks() says which number each name has.
[[nodiscard]] SnapshotRules ToSnapshotRules(const Config& config);

}  // namespace pdtt
