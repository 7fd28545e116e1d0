// SPDX-License-Identifier: Apache-2.0
#include "top/terminal_text.h"

#include <langinfo.h>

#include <algorithm>
#include <cwchar>
#include <utility>

namespace pdtt::top {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

constexpr char32_t kHighest = 0x10FFFF;

std::size_t SequenceLength(unsigned char lead) {
  return lead < 0x80   ? 1
         : lead < 0xC2 ? 0
         : lead < 0xE0 ? 2
         : lead < 0xF0 ? 3
         : lead < 0xF5 ? 4
                       : 0;
}

/// The first character of a text that is not empty.
Character Decode(std::string_view text) {
  constexpr char32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
  constexpr unsigned char kLeadBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = SequenceLength(lead);
  if (length == 0 || length > text.size()) {
    return {};
  }
  char32_t code = lead & kLeadBits[length];
  for (const char c : text.substr(1, length - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) {
      return {};
    }
    code = (code << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kLowest[length] || code > kHighest || surrogate) {
    return {};
  }
  return {code, length, true};
}

// Terminals that reorder text move the cells to the right of such letters, numbers included.
constexpr std::pair<char32_t, char32_t> kRightToLeft[] = {
    {0x0590, 0x08FF}, {0x200E, 0x200F}, {0x202A, 0x202E},   {0x2066, 0x2069},
    {0xFB1D, 0xFDFF}, {0xFE70, 0xFEFF}, {0x10800, 0x10FFF}, {0x1E800, 0x1EFFF}};

bool IsRightToLeft(char32_t code) {
  return std::ranges::any_of(kRightToLeft, [code](const auto& range) {
    return range.first <= code && code <= range.second;
  });
}

/// 0 for what can't be shown. Terminals differ about private use and what joins with neighbours.
std::size_t CellsOf(char32_t code, Charset charset) {
  if (code >= ' ' && code <= '~') {
    return 1;
  }
  const bool joins =
      code == 0xAD || (code >= 0x1F1E6 && code <= 0x1F1FF) || (code >= 0x1F3FB && code <= 0x1F3FF);
  const bool private_use = (code >= 0xE000 && code <= 0xF8FF) || code >= 0xE0000;
  if (charset == Charset::kAscii || joins || private_use || IsRightToLeft(code)) {
    return 0;
  }
  return static_cast<std::size_t>(std::max(wcwidth(static_cast<wchar_t>(code)), 0));
}

std::string_view Mark(Charset charset) {
  return charset == Charset::kUtf8 ? "\xEF\xBF\xBD" : "?";
}

/// As many characters as fit; a blank where half of a wide one would.
std::string Cut(std::string_view clean, std::size_t width) {
  std::string shown;
  std::size_t used = 0;
  while (!clean.empty()) {
    const Character character = Decode(clean);
    const std::size_t cells = CellsOf(character.code, Charset::kUtf8);
    if (used + cells > width) {
      break;
    }
    shown += clean.substr(0, character.bytes);
    used += cells;
    clean.remove_prefix(character.bytes);
  }
  return shown.append(width - used, ' ');
}

}  // namespace

Charset LocaleCharset() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the locale is set once, before the first thread
  return std::string_view(nl_langinfo(CODESET)) == "UTF-8" ? Charset::kUtf8 : Charset::kAscii;
}

std::string CleanText(std::string_view text, Charset charset) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const Character character = Decode(text);
    const bool shown = character.valid && CellsOf(character.code, charset) > 0;
    clean += shown ? text.substr(0, character.bytes) : Mark(charset);
    text.remove_prefix(character.bytes);
  }
  return clean;
}

std::size_t CellWidth(std::string_view clean) {
  std::size_t width = 0;
  while (!clean.empty()) {
    const Character character = Decode(clean);
    width += CellsOf(character.code, Charset::kUtf8);
    clean.remove_prefix(character.bytes);
  }
  return width;
}

std::string Fit(std::string_view text, std::size_t width, Align align, Charset charset) {
  const std::string clean = CleanText(text, charset);
  const std::size_t cells = CellWidth(clean);
  if (cells > width) {
    return width == 0 ? "" : Cut(clean, width - 1) + (charset == Charset::kUtf8 ? "\u2026" : "~");
  }
  const std::string padding(width - cells, ' ');
  return align == Align::kLeft ? clean + padding : padding + clean;
}

}  // namespace pdtt::top
