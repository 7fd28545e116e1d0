// SPDX-License-Identifier: Apache-2.0
// Test runs of every layout with every kind of packet.
#pragma once

#include <cstdint>

#include "layouts.h"

namespace pdtt::bench {

/// `rounds` times each program in turn, each case. Throws std::runtime_error where a program has
/// not counted exactly what it was run with.
void MeasureTestRuns(Layouts& layouts, std::uint32_t rounds);

/// Of one TCP connection over IPv4: our time to the original layout's, both above the empty
/// program's, each by the quickest of many short rounds.
[[nodiscard]] double LowestRatio(Layouts& layouts, Hook hook);

}  // namespace pdtt::bench
