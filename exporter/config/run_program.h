// SPDX-License-Identifier: Apache-2.0
// What main() of each of the programs does.
#pragma once

#include <span>

namespace pdtt {

inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;

/// Calls `program` with the arguments after the program's name and returns its exit code. What it
/// throws becomes one line on stderr and kExitError, or kExitUsage for a UsageError.
[[nodiscard]] int RunProgram(int argc, const char* const* argv,
                             int (*program)(std::span<const char* const> arguments));

}  // namespace pdtt
