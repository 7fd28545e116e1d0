// SPDX-License-Identifier: Apache-2.0
// BPF_PROG_TEST_RUN with a clock beside it that stands still while others have the CPU.
#pragma once

#include <cstdint>
#include <vector>

namespace pdtt::bench {

using Bytes = std::vector<std::uint8_t>;

/// Nanoseconds of this thread's time for each of `repeat` runs of a program with a frame; the
/// kernel's own cost of a run is in it. Throws std::system_error.
[[nodiscard]] double TimeTestRun(int program, bool xdp, const Bytes& frame, std::uint32_t repeat);

[[nodiscard]] double Median(std::vector<double> values);

}  // namespace pdtt::bench
