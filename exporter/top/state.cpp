// SPDX-License-Identifier: Apache-2.0
#include "top/state.h"

#include <algorithm>
#include <span>

namespace pdtt::top {
namespace {

constexpr std::size_t kPage = 10;
constexpr std::size_t kLongestFilter = 64;  // bytes

std::span<const Column> FocusedColumns(const ViewState& state) {
  if (state.focus == Focus::kUsers) {
    return UserTableColumns();
  }
  return ConnectionTableColumns();
}

/// To the next column that can be sorted by, around the end.
void MoveSort(ViewState& state, bool forward) {
  const std::span<const Column> columns = FocusedColumns(state);
  TableState& table = state.Focused();
  do {
    table.sort_column = (table.sort_column + (forward ? 1 : columns.size() - 1)) % columns.size();
  } while (!columns[table.sort_column].sortable);
  table.reversed = false;
  table.scroll = 0;
}

void Scroll(ViewState& state, std::size_t rows, bool down) {
  std::size_t& scroll = state.Focused().scroll;
  scroll = down ? scroll + rows : scroll - std::min(scroll, rows);
}

void SetFilter(ViewState& state, std::string filter) {
  state.filter = std::move(filter);
  state.users.scroll = 0;
  state.connections.scroll = 0;
}

/// Removes the last character, which may have several bytes.
std::string WithoutLast(std::string text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) {
    text.pop_back();
  }
  if (!text.empty()) {
    text.pop_back();
  }
  return text;
}

void EditFilter(const KeyPress& press, ViewState& state) {
  switch (press.key) {
    case Key::kCharacter:
      if (state.filter.size() + press.character.size() <= kLongestFilter) {
        SetFilter(state, state.filter + press.character);
      }
      break;
    case Key::kBackspace:
      SetFilter(state, WithoutLast(state.filter));
      break;
    case Key::kEscape:
      SetFilter(state, "");
      state.editing_filter = false;
      break;
    case Key::kEnter:
      state.editing_filter = false;
      break;
    default:
      break;
  }
}

void HandleCharacter(char character, ViewState& state) {
  switch (character) {
    case 's':
      MoveSort(state, true);
      break;
    case 'r':
      state.Focused().reversed = !state.Focused().reversed;
      break;
    case '/':
      state.editing_filter = true;
      break;
    case 'p':
    case ' ':
      state.paused = !state.paused;
      break;
    case 'u':
      state.focus = Focus::kUsers;
      break;
    case 'c':
      state.focus = Focus::kConnections;
      break;
    case '?':
    case 'h':
      state.help = true;
      break;
    default:
      break;
  }
}

void HandleNamedKey(Key key, ViewState& state) {
  switch (key) {
    case Key::kLeft:
    case Key::kRight:
      MoveSort(state, key == Key::kRight);
      break;
    case Key::kUp:
    case Key::kDown:
      Scroll(state, 1, key == Key::kDown);
      break;
    case Key::kPageUp:
    case Key::kPageDown:
      Scroll(state, kPage, key == Key::kPageDown);
      break;
    case Key::kHome:
      state.Focused().scroll = 0;
      break;
    case Key::kTab:
      state.focus = state.focus == Focus::kUsers ? Focus::kConnections : Focus::kUsers;
      break;
    case Key::kEscape:
      SetFilter(state, "");
      break;
    default:
      break;
  }
}

}  // namespace

bool HandleKey(const KeyPress& press, ViewState& state) {
  if (state.editing_filter) {
    EditFilter(press, state);
    return true;
  }
  const bool quit = press.key == Key::kCharacter && press.character == "q";
  if (state.help) {
    state.help = false;  // any key leads back
    return true;
  }
  if (press.key != Key::kCharacter) {
    HandleNamedKey(press.key, state);
  } else if (press.character.size() == 1) {
    HandleCharacter(press.character.front(), state);
  }
  return !quit;
}

}  // namespace pdtt::top
