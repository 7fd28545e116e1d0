// SPDX-License-Identifier: Apache-2.0
// Names that come from outside, as they may stand in a line of text.
#pragma once

#include <string>
#include <string_view>

namespace pdtt {

/// Valid UTF-8 without control characters: a line end would forge a line, an escape sequence acts
/// on the terminal. What had to go is '?' or a no-break space.
[[nodiscard]] std::string OneLine(std::string_view name);

}  // namespace pdtt
