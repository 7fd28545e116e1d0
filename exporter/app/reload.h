// SPDX-License-Identifier: Apache-2.0
// Which settings can change while the exporter runs.
#pragma once

#include <string_view>
#include <vector>

#include "config/config.h"

namespace pdtt {

/// Puts what cannot change back to what is running. Returns the keys whose new values have to wait
/// for a restart.
[[nodiscard]] std::vector<std::string_view> KeepFixed(const Config& running, Config& wanted);

}  // namespace pdtt
