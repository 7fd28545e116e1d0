// SPDX-License-Identifier: Apache-2.0
// What the headers by which clients state their preferences are made of (RFC 9110, sections 5.6 and
// 12.4.2).
#pragma once

#include <optional>
#include <string_view>

namespace pdtt {

/// Of what is liked without reserve. Weights have three decimals at most, so thousandths are exact.
inline constexpr int kFullWeight = 1000;

[[nodiscard]] bool EqualsIgnoringCase(std::string_view a, std::string_view b);

/// Without the blanks around it.
[[nodiscard]] std::string_view Trim(std::string_view text);

/// Splits off the part of `rest` before the separator, without blanks around it. A separator
/// between quotes is none.
[[nodiscard]] std::string_view TakeUntil(std::string_view& rest, char separator);

/// "0", "1" or either with up to three decimals, as thousandths; nothing for any other text.
[[nodiscard]] std::optional<int> ParseWeight(std::string_view text);

}  // namespace pdtt
