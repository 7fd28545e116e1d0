// SPDX-License-Identifier: Apache-2.0
#include "top/screen.h"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

// After the others: its macros take common names.
#define NCURSES_NOMACROS
#include <curses.h>

namespace pdtt::top {
namespace {

constexpr int kEscapeMs = 25;  // an escape that nothing follows for so long is the key Esc

enum Pair : short { kNone, kGoodPair, kWarningPair, kAlarmPair, kBarPair };

bool ColoursWanted() {
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return no_color == nullptr || *no_color == '\0';
}

/// A character as UTF-8; empty if it is a control.
std::string ToUtf8(wint_t wide) {
  const auto code = static_cast<char32_t>(wide);
  const auto tail = [code](unsigned shift) {
    return static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
  };
  if (code < ' ' || (code >= 0x7F && code < 0xA0) || code > 0x10FFFF) {
    return {};
  }
  if (code < 0x80) {
    return {static_cast<char>(code)};
  }
  if (code < 0x800) {
    return {static_cast<char>(0xC0U | (code >> 6U)), tail(0)};
  }
  if (code < 0x10000) {
    return {static_cast<char>(0xE0U | (code >> 12U)), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0U | (code >> 18U)), tail(12), tail(6), tail(0)};
}

Key NamedKey(wint_t code) {
  switch (code) {
    case KEY_LEFT:
      return Key::kLeft;
    case KEY_RIGHT:
      return Key::kRight;
    case KEY_UP:
      return Key::kUp;
    case KEY_DOWN:
      return Key::kDown;
    case KEY_PPAGE:
      return Key::kPageUp;
    case KEY_NPAGE:
      return Key::kPageDown;
    case KEY_HOME:
      return Key::kHome;
    case KEY_ENTER:
      return Key::kEnter;
    case KEY_BACKSPACE:
      return Key::kBackspace;
    default:
      return Key::kOther;
  }
}

KeyPress ToKeyPress(wint_t code) {
  switch (code) {
    case '\t':
      return {Key::kTab, {}};
    case '\n':
    case '\r':
      return {Key::kEnter, {}};
    case '\b':
    case 0x7F:
      return {Key::kBackspace, {}};
    case 0x1B:
      return {Key::kEscape, {}};
    default:
      break;
  }
  std::string character = ToUtf8(code);
  const Key key = character.empty() ? Key::kOther : Key::kCharacter;
  return {key, std::move(character)};
}

}  // namespace

/// What styles look like on this terminal.
class Screen::Colours {
 public:
  Colours() : used_(ColoursWanted() && has_colors()) {
    if (!used_) {
      return;
    }
    start_color();
    use_default_colors();
    init_pair(kGoodPair, COLOR_GREEN, -1);
    init_pair(kWarningPair, COLOR_YELLOW, -1);
    init_pair(kAlarmPair, COLOR_RED, -1);
    init_pair(kBarPair, COLOR_CYAN, -1);
  }

  [[nodiscard]] attr_t Attributes(Style style) const {
    switch (style) {
      case Style::kStrong:
        return A_BOLD;
      case Style::kFaint:
        return A_DIM;
      case Style::kHeading:
        return A_REVERSE;
      case Style::kSorted:
        return A_REVERSE | A_BOLD;
      case Style::kGood:
        return Of(kGoodPair);
      case Style::kWarning:
        return A_BOLD | Of(kWarningPair);
      case Style::kAlarm:
        return A_BOLD | Of(kAlarmPair);
      case Style::kBar:
        return Of(kBarPair);
      case Style::kPlain:
        break;
    }
    return A_NORMAL;
  }

 private:
  [[nodiscard]] attr_t Of(Pair pair) const {
    return used_ ? static_cast<attr_t>(COLOR_PAIR(pair)) : A_NORMAL;
  }

  bool used_;
};

Screen::Screen(Charset charset) : charset_(charset) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    throw std::runtime_error("this is no terminal; use --once");
  }
  // initscr() would end the process where newterm() only fails.
  if (newterm(nullptr, stdout, stdin) == nullptr) {
    throw std::runtime_error("the terminal that TERM names can't be drawn on; use --once");
  }
  set_escdelay(kEscapeMs);
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  curs_set(0);
  colours_ = std::make_unique<Colours>();
}

Screen::~Screen() {
  endwin();
}

Canvas Screen::Size() const {
  return {static_cast<std::size_t>(getmaxx(stdscr)), static_cast<std::size_t>(getmaxy(stdscr)),
          charset_};
}

void Screen::Draw(const std::vector<Line>& lines) {
  erase();
  for (std::size_t row = 0; row < lines.size(); ++row) {
    move(static_cast<int>(row), 0);
    for (const Span& span : lines[row].spans) {
      attrset(static_cast<int>(colours_->Attributes(span.style)));
      addstr(span.text.c_str());
    }
  }
  attrset(A_NORMAL);
  refresh();
}

std::optional<KeyPress> Screen::NextKey() {
  wint_t code = 0;
  switch (get_wch(&code)) {
    case OK:
      return ToKeyPress(code);
    case KEY_CODE_YES:
      return KeyPress{NamedKey(code), {}};
    default:
      return std::nullopt;
  }
}

}  // namespace pdtt::top
