// SPDX-License-Identifier: Apache-2.0
#include "metrics/text_writer.h"

#include <chrono>
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

namespace {

std::string Written(pdtt::PageFormat format, void (*write)(pdtt::TextWriter&)) {
  std::string text;
  const pdtt::TextSink sink = [&text](std::string_view piece) {
    text += piece;
    return true;
  };
  pdtt::TextWriter writer(sink, format);
  write(writer);
  CHECK(writer.Finish());
  return text;
}

void WriteCounterAndGauge(pdtt::TextWriter& writer) {
  using namespace std::chrono_literals;
  writer.SetCreated(pdtt::TextWriter::Time(1'700'000'000'005ms));
  writer.BeginFamily(pdtt::FamilyNamed("process_cpu_seconds_total"));
  writer.AddSample({}, 0.25);
  writer.BeginFamily(pdtt::FamilyNamed("process_threads"));
  writer.AddSample({}, 7.0);
  writer.SetCreated({});
  writer.BeginFamily(pdtt::FamilyNamed("pdtt_xdp_receive_packets_total"));
  writer.AddSample("interface=\"eth0\"", {"not_ip"}, 3);
}

}  // namespace

TEST_CASE("in OpenMetrics counters' families go without _total and say when they began") {
  CHECK(Written(pdtt::PageFormat::kOpenMetrics, WriteCounterAndGauge) ==
        "# HELP process_cpu_seconds User and system CPU time the exporter has used.\n"
        "# TYPE process_cpu_seconds counter\n"
        "process_cpu_seconds_total 0.25\n"
        "process_cpu_seconds_created 1700000000.005\n"
        "# HELP process_threads Threads of the exporter.\n"
        "# TYPE process_threads gauge\n"
        "process_threads 7\n"
        "# HELP pdtt_xdp_receive_packets XDP layer: all Ethernet frames received on an interface, "
        "by what became of them.\n"
        "# TYPE pdtt_xdp_receive_packets counter\n"
        "pdtt_xdp_receive_packets_total{interface=\"eth0\",result=\"not_ip\"} 3\n"
        "# EOF\n");
}

TEST_CASE("in the text format nothing says when a counter began") {
  const std::string text = Written(pdtt::PageFormat::kText, WriteCounterAndGauge);
  CHECK_THAT(text, Catch::Contains("# TYPE process_cpu_seconds_total counter\n"
                                   "process_cpu_seconds_total 0.25\n"
                                   "# HELP process_threads "));
  CHECK_THAT(text, !Catch::Contains("_created") && !Catch::Contains("EOF"));
}

TEST_CASE("numbers with decimals are as short as they can be told apart") {
  const auto [value, expected] =
      GENERATE(table<double, std::string>({{0.1, "0.1"},
                                           {-1.5, "-1.5"},
                                           {1'700'000'000.25, "1700000000.25"},
                                           {9'007'199'254'740'992.0, "9007199254740992"},
                                           {1e300, "1e+300"},
                                           {std::numeric_limits<double>::infinity(), "+Inf"},
                                           {-std::numeric_limits<double>::infinity(), "-Inf"},
                                           {std::numeric_limits<double>::quiet_NaN(), "NaN"}}));
  std::string text;
  const pdtt::TextSink sink = [&text](std::string_view piece) {
    text += piece;
    return true;
  };
  pdtt::TextWriter writer(sink);
  writer.BeginFamily(pdtt::FamilyNamed("process_threads"));
  writer.AddSample({}, value);
  REQUIRE(writer.Finish());
  CHECK_THAT(text, Catch::EndsWith("process_threads " + expected + "\n"));
}
