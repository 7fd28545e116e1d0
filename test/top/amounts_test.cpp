// SPDX-License-Identifier: Apache-2.0
#include "top/amounts.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace pdtt::top {
namespace {

TEST_CASE("Amounts have three digits and a decimal unit") {
  const auto [bytes, text] = GENERATE(
      values<std::pair<double, std::string>>({{0, "0 B"},
                                              {1, "1 B"},
                                              {999, "999 B"},
                                              {999.6, "1.00 kB"},
                                              {1000, "1.00 kB"},
                                              {9'994, "9.99 kB"},
                                              {9'996, "10.0 kB"},
                                              {12'345, "12.3 kB"},
                                              {99'960, "100 kB"},
                                              {999'500, "1.00 MB"},
                                              {1.5e9, "1.50 GB"},
                                              {18'446'744'073'709'551'615.0, "18.4 EB"},
                                              {1e30, "> 9 ZB"},
                                              {std::numeric_limits<double>::max(), "> 9 ZB"}}));
  CHECK(AmountText(bytes) == text);
  CHECK(AmountText(bytes).size() <= 7);
}

TEST_CASE("A small share is not shown as none") {
  CHECK(ShareText(0) == "0 %");
  CHECK(ShareText(0.004) == "0.4 %");
  CHECK(ShareText(0.5) == "50 %");
  CHECK(ShareText(1) == "100 %");
  CHECK(ShareText(7) == "100 %");
}

TEST_CASE("A bar is as long as the share, to an eighth of a cell where there are such characters") {
  CHECK(Bar(0.5, 4, Charset::kUtf8) == "██  ");
  CHECK(Bar(0.28125, 4, Charset::kUtf8) == "█▏  ");
  CHECK(Bar(2, 2, Charset::kUtf8) == "██");
  CHECK(Bar(0.5, 4, Charset::kAscii) == "##  ");
  CHECK(Bar(0, 4, Charset::kAscii) == "    ");
}

TEST_CASE("A sparkline has the newest value on the right and the highest as a full cell") {
  CHECK(Sparkline(std::vector<double>{0, 4, 8}, 5, Charset::kUtf8) == "   ▄█");
  CHECK(Sparkline(std::vector<double>{0, 4, 8}, 3, Charset::kAscii) == " ~#");
  CHECK(Sparkline(std::vector<double>{}, 2, Charset::kUtf8) == "  ");
  CHECK(Sparkline(std::vector<double>{0, 0}, 2, Charset::kUtf8) == "  ");
}

TEST_CASE("A value that is small beside the highest is still seen in a sparkline") {
  CHECK(Sparkline(std::vector<double>{1, 1e9}, 2, Charset::kUtf8) == "▁█");
}

TEST_CASE("A sparkline of more values than it has room for shows means") {
  CHECK(Sparkline(std::vector<double>{8, 8, 0, 0, 3, 5}, 3, Charset::kUtf8) == "█ ▄");
}

TEST_CASE("A time that can't be one is shown as none") {
  CHECK(ClockText(-1) == "--:--:--");
  CHECK(ClockText(1e300) == "--:--:--");
  CHECK(ClockText(0).size() == 8);
}

}  // namespace
}  // namespace pdtt::top
