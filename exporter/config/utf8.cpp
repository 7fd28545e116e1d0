// SPDX-License-Identifier: Apache-2.0
#include "config/utf8.h"

#include <algorithm>
#include <cstdint>

namespace pdtt {
namespace {

struct Lead {
  std::size_t length;
  char32_t lowest;  ///< below it, a shorter sequence says the same: overlong, malformed
  std::uint8_t mask;
  std::uint8_t bits;
};
constexpr Lead kLeads[] = {
    {1, 0, 0x80, 0x00}, {2, 0x80, 0xE0, 0xC0}, {3, 0x800, 0xF0, 0xE0}, {4, 0x10000, 0xF8, 0xF0}};

bool IsAllowed(char32_t c) {
  const bool control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0);
  const bool surrogate = c >= 0xD800 && c < 0xE000;
  return !control && !surrogate && c < 0x110000;
}

/// Length of the well-formed character at the start of `text`, 0 if there is none.
std::size_t CharacterLength(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text.front());
  const auto* lead =
      std::ranges::find_if(kLeads, [first](const Lead& l) { return (first & l.mask) == l.bits; });
  if (lead == std::end(kLeads) || text.size() < lead->length) {
    return 0;
  }
  char32_t character = first & static_cast<std::uint8_t>(~lead->mask);
  for (const char c : text.substr(1, lead->length - 1)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if ((byte & 0xC0U) != 0x80U) {
      return 0;
    }
    character = (character << 6U) | (byte & 0x3FU);
  }
  return character >= lead->lowest && IsAllowed(character) ? lead->length : 0;
}

}  // namespace

std::optional<std::size_t> FindBadCharacter(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const std::size_t length = CharacterLength(text.substr(offset));
    if (length == 0) {
      return offset;
    }
    offset += length;
  }
  return std::nullopt;
}

}  // namespace pdtt
