// SPDX-License-Identifier: Apache-2.0
#include "top/terminal_text.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "locale_guard.h"

namespace pdtt::top {
namespace {

TEST_CASE("Names as people have them are shown as they are") {
  const Utf8Locale locale;
  const std::string name = GENERATE("alice", "DOM\\alice", "josé", "Ωmega", "漢字", "a b", "");
  CHECK(CleanText(name, Charset::kUtf8) == name);
}

TEST_CASE("What a terminal would act upon is replaced") {
  const Utf8Locale locale;
  const auto [text, clean] = GENERATE(values<std::pair<std::string, std::string>>({
      {"a\x1b[2Jb", "a\uFFFD[2Jb"},
      {"a\nb\tc\r", "a\uFFFDb\uFFFDc\uFFFD"},
      {std::string("\0x", 2), "\uFFFDx"},
      {"\x7f", "\uFFFD"},
      {"\u009b2J", "\uFFFD2J"},    // CSI of one character
      {"\u202Eabc", "\uFFFDabc"},  // right-to-left override
      {"\u2066\u2069", "\uFFFD\uFFFD"},
      {"\u05D0\u0627", "\uFFFD\uFFFD"},  // letters that are written to the left
      {"\u200B\uFEFF\u00AD", "\uFFFD\uFFFD\uFFFD"},
      {"e\u0301", "e\uFFFD"},  // a mark on its neighbour
      {"\uE0A0", "\uFFFD"},
      {"\xff\xc0\xaf", "\uFFFD\uFFFD\uFFFD"},
      {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},  // a surrogate
      {"\xf4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xe6\xbc", "\uFFFD\uFFFD"},
  }));
  CHECK(CleanText(text, Charset::kUtf8) == clean);
}

TEST_CASE("A terminal that knows ASCII only gets ASCII only") {
  CHECK(CleanText("jos\xC3\xA9\x1b", Charset::kAscii) == "jos??");
}

TEST_CASE("A text takes the cells it is given, wide characters or not") {
  const Utf8Locale locale;
  const auto fit = [](const char* text, std::size_t width, Align align) {
    return Fit(text, width, align, Charset::kUtf8);
  };
  CHECK(fit("ab", 4, Align::kLeft) == "ab  ");
  CHECK(fit("ab", 4, Align::kRight) == "  ab");
  CHECK(fit("abcd", 4, Align::kLeft) == "abcd");
  CHECK(fit("abcde", 4, Align::kRight) == "abc…");
  CHECK(fit("漢字", 4, Align::kLeft) == "漢字");
  CHECK(fit("漢字漢", 4, Align::kLeft) == "漢 …");
  CHECK(fit("漢字", 5, Align::kRight) == " 漢字");
  CHECK(fit("ab", 1, Align::kLeft) == "…");
  CHECK(fit("ab", 0, Align::kLeft).empty());
  CHECK(Fit("abcde", 4, Align::kLeft, Charset::kAscii) == "abc~");
  CHECK(CellWidth(fit("漢字漢", 5, Align::kLeft)) == 5);
}

}  // namespace
}  // namespace pdtt::top
