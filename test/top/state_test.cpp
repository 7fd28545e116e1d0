// SPDX-License-Identifier: Apache-2.0
#include "top/state.h"

#include <catch2/catch.hpp>
#include <string>

namespace pdtt::top {
namespace {

bool Press(ViewState& state, const std::string& characters) {
  bool go_on = true;
  for (const char c : characters) {
    go_on = HandleKey({Key::kCharacter, std::string(1, c)}, state);
  }
  return go_on;
}

bool Press(ViewState& state, Key key) {
  return HandleKey({key, {}}, state);
}

TEST_CASE("q leaves, other keys don't") {
  ViewState state;
  CHECK(Press(state, "xsrp"));
  CHECK(Press(state, Key::kEscape));
  CHECK_FALSE(Press(state, "q"));
}

TEST_CASE("The sort keys go through the columns that can be sorted by, and around") {
  ViewState state;
  CHECK(state.users.sort_column == kUserShareColumn);
  Press(state, "s");
  CHECK(UserTableColumns()[state.users.sort_column].title == "CONNS");
  Press(state, Key::kLeft);
  CHECK(state.users.sort_column == kUserShareColumn);
  for (int i = 0; i < 8; ++i) {
    Press(state, Key::kRight);
    CHECK(UserTableColumns()[state.users.sort_column].sortable);
  }
  CHECK(state.users.sort_column == kUserShareColumn);
}

TEST_CASE("Sorting and scrolling go to the table that has the focus") {
  ViewState state;
  Press(state, "csr");
  Press(state, Key::kPageDown);
  Press(state, Key::kUp);
  CHECK(state.connections.sort_column == kConnectionShareColumn + 1);
  CHECK(state.connections.reversed);
  CHECK(state.connections.scroll == 9);
  CHECK(state.users.sort_column == kUserShareColumn);
  CHECK_FALSE(state.users.reversed);
  CHECK(state.users.scroll == 0);
  Press(state, Key::kTab);
  CHECK(state.focus == Focus::kUsers);
  Press(state, Key::kUp);
  CHECK(state.users.scroll == 0);
}

TEST_CASE("A filter is typed as text, in which q does not leave") {
  ViewState state;
  Press(state, "/");
  CHECK(Press(state, "qp"));
  CHECK(HandleKey({Key::kCharacter, "\xC3\xA9"}, state));
  CHECK(state.filter == "qp\xC3\xA9");
  CHECK_FALSE(state.paused);
  Press(state, Key::kBackspace);
  CHECK(state.filter == "qp");
  Press(state, Key::kEnter);
  CHECK_FALSE(state.editing_filter);
  CHECK(state.filter == "qp");
  Press(state, Key::kEscape);
  CHECK(state.filter.empty());
}

TEST_CASE("A filter has an end") {
  ViewState state;
  Press(state, "/" + std::string(1000, 'x'));
  CHECK(state.filter.size() == 64);
}

TEST_CASE("Any key leads back from the help, q too") {
  ViewState state;
  Press(state, "?");
  CHECK(state.help);
  CHECK(Press(state, "q"));
  CHECK_FALSE(state.help);
}

TEST_CASE("p pauses and goes on") {
  ViewState state;
  Press(state, "p");
  CHECK(state.paused);
  Press(state, "p");
  CHECK_FALSE(state.paused);
}

}  // namespace
}  // namespace pdtt::top
