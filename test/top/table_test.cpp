// SPDX-License-Identifier: Apache-2.0
#include "top/table.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace pdtt::top {
namespace {

constexpr std::array<Column, 3> kColumns = {{
    {.title = "NAME", .width = 5, .most = 8, .align = Align::kLeft, .rises = true},
    {.title = "EXTRA", .width = 6, .rank = 2},
    {.title = "RATE", .width = 5, .rank = 1},
}};

Row MakeRow(const std::string& name, std::uint64_t extra, double rate) {
  return {{name, std::to_string(extra), std::to_string(static_cast<int>(rate))},
          {name, extra, rate}};
}

std::string Names(const std::vector<Row>& rows) {
  std::string names;
  for (const Row& row : rows) {
    names += row.cells.front();
  }
  return names;
}

TEST_CASE("Names rise and numbers fall, and the other way round in reverse") {
  std::vector<Row> rows = {MakeRow("b", 9, 1), MakeRow("c", 10, 3), MakeRow("a", 11, 2)};
  Sort(rows, kColumns, {.sort_column = 0});
  CHECK(Names(rows) == "abc");
  Sort(rows, kColumns, {.sort_column = 0, .reversed = true});
  CHECK(Names(rows) == "cba");
  Sort(rows, kColumns, {.sort_column = 1});
  CHECK(Names(rows) == "acb");
  Sort(rows, kColumns, {.sort_column = 2, .reversed = true});
  CHECK(Names(rows) == "bac");
}

TEST_CASE("Equal rows stay in the order they came in") {
  std::vector<Row> rows = {MakeRow("b", 1, 0), MakeRow("a", 1, 0), MakeRow("c", 1, 0)};
  Sort(rows, kColumns, {.sort_column = 1});
  CHECK(Names(rows) == "bac");
}

TEST_CASE(
    "Columns go by rank when the terminal is narrow, and grow to their texts when it is wide") {
  const std::vector<Row> rows = {MakeRow("a-long-name", 1, 2)};
  const auto heading = [&](std::size_t width) {
    const Layout layout = LayOut(kColumns, rows, width, Charset::kAscii);
    return Heading(kColumns, layout, {.sort_column = 2}, Charset::kAscii).Text() + "|" +
           RowLine(kColumns, layout, rows.front(), Charset::kAscii).Text();
  };
  CHECK(heading(100) == "NAME      EXTRA vRATE |a-long-~      1     2 ");
  CHECK(heading(18) == "NAME   EXTRA vRATE |a-lo~      1     2 ");
  CHECK(heading(17) == "NAME     vRATE |a-long-~     2 ");
  CHECK(heading(10) == "NAME     |a-long-~ ");
  CHECK(heading(1) == "NAME  |a-lo~ ");
}

}  // namespace
}  // namespace pdtt::top
