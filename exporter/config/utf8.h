// SPDX-License-Identifier: Apache-2.0
// Text as people can type it: well-formed UTF-8 without control characters.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pdtt {

/// Offset of the first byte that is not part of well-formed UTF-8 (RFC 3629), or of the first
/// control character other than tab and line feed.
[[nodiscard]] std::optional<std::size_t> FindBadCharacter(std::string_view text);

}  // namespace pdtt
