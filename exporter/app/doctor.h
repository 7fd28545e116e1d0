// SPDX-License-Identifier: Apache-2.0
// `pdtt-exporter doctor`: what this kernel and these privileges allow, and what to do about it.
#pragma once

#include <ostream>

#include "config/config.h"

namespace pdtt {

/// Tries every layer but XDP for real, for a moment; XDP is only loaded, since attaching can reset
/// a network card's link. True if the cgroup layer can run.
bool Diagnose(const Config& config, std::ostream& out);

}  // namespace pdtt
