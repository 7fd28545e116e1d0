// SPDX-License-Identifier: Apache-2.0
// Text to address prefixes and listen addresses, and back.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace pdtt {

/// 10.0.0.0/8 or fc00::/7, without bits beyond the length. Throws ValueError.
[[nodiscard]] Prefix ParsePrefix(std::string_view text);

/// As an administrator writes it: v4-mapped prefixes in IPv4 form.
[[nodiscard]] std::string PrefixText(const Prefix& prefix);

/// HOST:PORT with an IPv4 address, an IPv6 address in brackets or localhost; returned as it came.
/// Host names are refused: what they resolve to may change. Throws ValueError.
[[nodiscard]] std::string ParseListenAddress(std::string_view text);

}  // namespace pdtt
