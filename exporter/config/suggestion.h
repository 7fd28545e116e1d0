// SPDX-License-Identifier: Apache-2.0
// Remedies for misspelt names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pdtt {

/// "did you mean X?" where a known name is near, else all the known names.
[[nodiscard]] std::string SuggestName(std::string_view unknown,
                                      std::span<const std::string_view> known);

}  // namespace pdtt
