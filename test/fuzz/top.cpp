// SPDX-License-Identifier: Apache-2.0
// What a hostile server may answer to `top`: shown without harm to the terminal, or refused.
// The input's first line is the status, the second the users, the rest the connections.
#include <algorithm>
#include <clocale>
#include <cstdint>
#include <string>

#include "expect.h"
#include "top/api_reading.h"
#include "top/view.h"

namespace pdtt::fuzz {
namespace {

using top::Bodies;
using top::Canvas;
using top::Line;

Bodies Split(std::string_view input) {
  const std::size_t first = std::min(input.find('\n'), input.size());
  const std::size_t second = std::min(input.find('\n', first + 1), input.size());
  const std::size_t users = std::min(first + 1, input.size());
  return {std::string(input.substr(0, first)),
          std::string(input.substr(users, second - std::min(second, users))),
          std::string(input.substr(second))};
}

void CheckPicture(const top::Received& received, top::ViewState& state, const Canvas& canvas) {
  const std::vector<Line> lines = Render(received, state, canvas);
  Expect(lines.size() <= canvas.height, "a picture is no higher than its terminal");
  for (const Line& line : lines) {
    const std::string text = line.Text();
    Expect(IsOneLine(text), "no control character reaches the terminal");
    Expect(top::CellWidth(text) <= canvas.width, "a line is no longer than its terminal");
  }
}

void CheckView(const Bodies& bodies) {
  const top::Received received{top::ParseReading(bodies), "", 0};
  top::ViewState state;
  state.filter = bodies.connections.substr(0, bodies.connections.size() % 3);
  for (std::size_t column = 0; column < top::kConnectionColumns; ++column) {
    state.connections.sort_column = column;
    state.users.sort_column = column % top::kUserColumns;
    state.users.reversed = column % 2 == 0;
    for (const auto charset : {top::Charset::kUtf8, top::Charset::kAscii}) {
      CheckPicture(received, state, {20 + 13 * column, 5 + 3 * column, charset});
    }
  }
  static_cast<void>(top::RenderText(*received.reading, 100, top::Charset::kUtf8));
}

}  // namespace
}  // namespace pdtt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const char* const kLocale = std::setlocale(LC_CTYPE, "C.UTF-8");
  pdtt::fuzz::Expect(kLocale != nullptr, "there is a locale with UTF-8");
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(pdtt::top::ErrorText(input));
  const pdtt::top::Bodies bodies = pdtt::fuzz::Split(input);
  try {
    pdtt::fuzz::CheckView(bodies);
    const std::string text = pdtt::top::CombinedJson(bodies);
    pdtt::fuzz::Expect(std::all_of(text.begin(), text.end(),
                                   [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }),
                       "JSON is printable ASCII");
  } catch (const pdtt::top::BadAnswer& e) {
    pdtt::fuzz::Expect(pdtt::fuzz::IsOneLine(e.what()), "an error is one line");
  }
  return 0;
}
