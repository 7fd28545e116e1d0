// SPDX-License-Identifier: Apache-2.0
#include "metrics/text_writer.h"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace {

const pdtt::FamilySpec& TwoLabels() {
  return pdtt::FamilyNamed("pdtt_xdp_receive_bytes_total");
}

}  // namespace

TEST_CASE("numbers are exact integers up to the largest") {
  const auto value = GENERATE(
      values<std::uint64_t>({0, 1, 9'007'199'254'740'992, 9'007'199'254'740'993,
                             10'000'000'000'000'000, std::numeric_limits<std::uint64_t>::max()}));
  std::string text;
  const pdtt::TextSink sink = [&text](std::string_view piece) {
    text += piece;
    return true;
  };
  pdtt::TextWriter writer(sink);
  writer.BeginFamily(pdtt::FamilyNamed("pdtt_host_receive_bytes_total"));
  writer.AddSample({}, {}, value);
  REQUIRE(writer.Finish());
  CHECK_THAT(text,
             Catch::EndsWith("\npdtt_host_receive_bytes_total " + std::to_string(value) + "\n"));
}

TEST_CASE("text comes in pieces of bounded size that end with a line") {
  std::vector<std::string> pieces;
  const pdtt::TextSink sink = [&pieces](std::string_view piece) {
    pieces.emplace_back(piece);
    return true;
  };
  pdtt::TextWriter writer(sink);
  writer.BeginFamily(TwoLabels());
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    writer.AddSample({}, {"eth0", "attributed"}, i);
  }
  REQUIRE(writer.Finish());
  REQUIRE(pieces.size() > 5);
  std::string text;
  for (const std::string& piece : pieces) {
    CHECK(piece.size() <= 64UL * 1024);
    CHECK(piece.back() == '\n');
    text += piece;
  }
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    CHECK(pieces[i].size() >= 16UL * 1024);
  }
  CHECK_THAT(text, Catch::Contains("{interface=\"eth0\",result=\"attributed\"} 0\n"));
  CHECK_THAT(text, Catch::EndsWith("{interface=\"eth0\",result=\"attributed\"} 4999\n"));
}

TEST_CASE("a sink that stops is never called again") {
  int calls = 0;
  const pdtt::TextSink sink = [&calls](std::string_view) { return ++calls < 2; };
  pdtt::TextWriter writer(sink);
  writer.BeginFamily(TwoLabels());
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    writer.AddSample({}, {"eth0", "attributed"}, i);
  }
  CHECK(writer.Stopped());
  CHECK_FALSE(writer.Finish());
  CHECK(calls == 2);
}

TEST_CASE("a sample cannot have more labels than its family") {
  const pdtt::TextSink sink = [](std::string_view) { return true; };
  pdtt::TextWriter writer(sink);
  CHECK_THROWS_AS(writer.AddSample({}, {}, 1), std::invalid_argument);
  writer.BeginFamily(TwoLabels());
  CHECK_THROWS_AS(writer.AddSample({}, {"a", "b", "c"}, 1), std::invalid_argument);
}
