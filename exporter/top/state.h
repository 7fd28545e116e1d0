// SPDX-License-Identifier: Apache-2.0
// What the keys have made of the view: focus, orders, filter, pause.
#pragma once

#include <string>

#include "top/rows.h"
#include "top/table.h"

namespace pdtt::top {

enum class Focus { kUsers, kConnections };

struct ViewState {
  Focus focus = Focus::kUsers;
  TableState users{.sort_column = kUserShareColumn};
  TableState connections{.sort_column = kConnectionShareColumn};
  std::string filter;
  bool editing_filter = false;
  bool paused = false;
  bool help = false;

  [[nodiscard]] TableState& Focused() { return focus == Focus::kUsers ? users : connections; }
};

enum class Key {
  kCharacter,
  kLeft,
  kRight,
  kUp,
  kDown,
  kPageUp,
  kPageDown,
  kHome,
  kEnter,
  kEscape,
  kBackspace,
  kTab,
  kOther
};

struct KeyPress {
  Key key = Key::kOther;
  std::string character;  ///< kCharacter: in UTF-8
};

/// Takes a key over into the state. False: the user wants to leave.
[[nodiscard]] bool HandleKey(const KeyPress& press, ViewState& state);

}  // namespace pdtt::top
