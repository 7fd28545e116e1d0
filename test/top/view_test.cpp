// SPDX-License-Identifier: Apache-2.0
#include "top/view.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "bodies.h"
#include "locale_guard.h"

namespace pdtt::top {
namespace {

using Catch::Contains;

Received Example() {
  return {ParseReading(ExampleBodies()), "", 0};
}

std::string Text(const std::vector<Line>& lines) {
  std::string text;
  for (const Line& line : lines) {
    text += line.Text() + '\n';
  }
  return text;
}

std::string Shown(const Received& received, ViewState& state, Canvas canvas = {120, 24}) {
  return Text(Render(received, state, canvas));
}

std::string Shown(const Received& received) {
  ViewState state;
  return Shown(received, state);
}

TEST_CASE("The picture has the host, its layers, the users and their connections") {
  const std::string text = Shown(Example());
  for (const char* expected :
       {"host.example", "receive 30 B/s, transmit 40 B/s", "of no user 11 B", "cgroup up",
        "xdp off (no interface is named)", "Users: 2 by SHARE", "alice", "70 %", "#######",
        "Busiest connections: 2 of 7 tracked by SHARE", "198.51.100.7:443", "[2001:db8::1]:443",
        "curl", "q quit"}) {
    CHECK_THAT(text, Contains(expected));
  }
}

TEST_CASE("The busiest are on top, and at the bottom in reverse") {
  ViewState state;
  std::string text = Shown(Example(), state);
  CHECK(text.find("alice") < text.find("bob"));
  state.users.reversed = true;
  text = Shown(Example(), state);
  CHECK(text.find("bob") < text.find("alice"));
}

TEST_CASE("A filter leaves what holds it in any case, and says how many there are") {
  ViewState state;
  state.filter = "AlI";
  std::string text = Shown(Example(), state);
  CHECK_THAT(text, Contains("Users: 1 of 2 with \"AlI\""));
  CHECK_THAT(text, !Contains("bob"));
  state.filter = "2001:db8";
  text = Shown(Example(), state);
  CHECK_THAT(text, Contains("Users: 0 of 2"));
  CHECK_THAT(text, Contains("[2001:db8::1]:443"));
  CHECK_THAT(text, !Contains("198.51.100.7"));
}

TEST_CASE("An exporter that has gone is said to be gone, beside what it said last") {
  Received received = Example();
  received.problem = "nothing listens there";
  received.problem_since = 1'700'000'001;
  const std::string text = Shown(received);
  CHECK_THAT(text, Contains("not reachable since ") && Contains(": nothing listens there"));
  CHECK_THAT(text, Contains("alice"));
}

TEST_CASE("A layer that is down and tables that are full stand out") {
  Received received = Example();
  received.reading->status.layers[0] = {"cgroup", false, "attached", "somebody detached it"};
  received.reading->status.tables = {
      {"accounts", 95, 100, 0}, {"connections", 1, 100, 7}, {"flows", 1, 100, 0}};
  const std::string text = Shown(received);
  CHECK_THAT(text, Contains("cgroup DOWN (somebody detached it)"));
  CHECK_THAT(text, Contains("tables: accounts is nearly full, connections has refused entries\n"));
}

TEST_CASE("Without rates yet, the host's line says so") {
  Received received = Example();
  received.reading->window_seconds = 0;
  CHECK_THAT(Shown(received), Contains("rates are there in a moment"));
}

TEST_CASE("Connections that the exporter hides are said to be hidden") {
  Received received = Example();
  received.reading->connections = {7, true, {}};
  CHECK_THAT(Shown(received), Contains("Connections: hidden by the exporter's configuration"));
}

TEST_CASE("A remote address that is hidden is said to be hidden") {
  Received received = Example();
  received.reading->connections.rows[0].remote.clear();
  CHECK_THAT(Shown(received), Contains(" hidden "));
}

TEST_CASE("No picture is larger than its terminal, whatever is in it") {
  const Utf8Locale locale;
  Received received = Example();
  for (int i = 0; i < 100; ++i) {
    received.reading->users.push_back(received.reading->users.front());
    received.reading->users.back().user = "漢字\x1b[2J" + std::string(300, 'x');
    received.reading->connections.rows.push_back(received.reading->connections.rows.front());
  }
  received.reading->status.hostname = std::string(500, 'h');
  received.problem = std::string(500, 'p');
  ViewState state;
  state.filter = GENERATE("", "zzzz");
  state.help = GENERATE(true, false);
  for (std::size_t width = 0; width < 200; width += 7) {
    for (std::size_t height = 0; height < 60; height += 3) {
      for (const Charset charset : {Charset::kAscii, Charset::kUtf8}) {
        const std::vector<Line> lines = Render(received, state, {width, height, charset});
        REQUIRE(lines.size() <= height);
        REQUIRE(std::ranges::all_of(
            lines, [width](const Line& line) { return CellWidth(line.Text()) <= width; }));
      }
    }
  }
}

TEST_CASE("Both tables are there when neither has room for all, and more of the focused one") {
  Received received = Example();
  received.reading->users.resize(100, received.reading->users.front());
  received.reading->connections.rows.resize(100, received.reading->connections.rows.front());
  ViewState state;
  const auto count = [&](const std::string& what) {
    const std::string text = Shown(received, state, {160, 40});
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
      ++found;
    }
    return found;
  };
  const std::size_t connections_unfocused = count("198.51.100.7");
  CHECK(connections_unfocused > 5);
  state.focus = Focus::kConnections;
  CHECK(count("198.51.100.7") > connections_unfocused);
  CHECK(count("1 to ") == 2);
}

TEST_CASE("Scrolling ends at the last row, and is taken back there") {
  Received received = Example();
  received.reading->users.resize(100, received.reading->users.front());
  received.reading->users.back().user = "last";
  received.reading->users.back().share = 0;
  ViewState state;
  state.users.scroll = 1'000;
  CHECK_THAT(Shown(received, state), Contains("last"));
  CHECK(state.users.scroll < 100);
}

TEST_CASE("The help names every key") {
  ViewState state;
  state.help = true;
  const std::string text = Shown(Example(), state);
  for (const char* key : {"q  ", "s, right, left", "r  ", "/  ", "p, blank", "u, c, Tab", "PgUp"}) {
    CHECK_THAT(text, Contains(key));
  }
}

TEST_CASE("The plain text has every row and no trailing blanks") {
  Received received = Example();
  received.reading->users.resize(100, received.reading->users.front());
  received.reading->users.back().user = "last";
  const std::string text = RenderText(*received.reading, 80, Charset::kAscii);
  CHECK_THAT(text, Contains("last") && Contains("[2001:db8::1]:443") && !Contains("q quit"));
  CHECK_THAT(text, !Contains(" \n"));
}

}  // namespace
}  // namespace pdtt::top
