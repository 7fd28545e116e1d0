// SPDX-License-Identifier: Apache-2.0
// The right to load BPF programs, which tests with the tag [kernel] need.
#pragma once

#include <memory>

#include "bpf/programs.h"

namespace pdtt::test {

/// False after printing "SKIPPED: <reason>", which ctest looks for: Catch2 v2 has no SKIP.
[[nodiscard]] bool BpfIsAllowed();

/// False after printing why the test is skipped: older kernels' BPF_PROG_TEST_RUN shows programs of
/// cgroups an empty packet, whatever it is given.
[[nodiscard]] bool TestRunsShowPackets();

/// Options whose maps are small, so that loading is quick.
[[nodiscard]] ProgramOptions SmallMaps();

/// Null after printing why the test is skipped.
[[nodiscard]] std::unique_ptr<Programs> LoadOrSkip(const ProgramOptions& options);

}  // namespace pdtt::test
