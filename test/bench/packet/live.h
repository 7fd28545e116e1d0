// SPDX-License-Identifier: Apache-2.0
// What the programs cost on live traffic, by the kernel's own run-time statistics.
#pragma once

#include <cstdint>
#include <filesystem>

#include "crowd.h"
#include "layouts.h"

namespace pdtt::bench {

/// Attaches each layout in turn to the cgroup, `rounds` times, while data passes.
void MeasureLive(Layouts& layouts, Crowd& crowd, const CrowdOptions& options,
                 const std::filesystem::path& cgroup, std::uint32_t rounds);

}  // namespace pdtt::bench
