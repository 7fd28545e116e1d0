// SPDX-License-Identifier: Apache-2.0
// `pdtt-exporter top`: who moves how much right now, from a running exporter, in the terminal.
#pragma once

#include "config/top_options.h"

namespace pdtt {

/// Runs until the user leaves, or prints once; returns the exit code. Throws std::runtime_error.
[[nodiscard]] int RunTop(const TopOptions& options);

}  // namespace pdtt
