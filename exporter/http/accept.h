// SPDX-License-Identifier: Apache-2.0
// Which of several formats a client likes best, from its Accept header (RFC 9110, section 12.5.1).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace pdtt {

struct MediaType {
  std::string_view name;  ///< such as text/plain
  std::string_view version;
};

/// Index of the offer with the highest weight; of several with the same, the one that was asked for
/// in more detail, then the first. The first also where none is acceptable: any answer is better
/// than none. Entries that are malformed do not count.
[[nodiscard]] std::size_t PreferredType(std::string_view accept, std::span<const MediaType> offers);

}  // namespace pdtt
