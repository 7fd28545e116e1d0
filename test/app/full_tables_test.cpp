// SPDX-License-Identifier: Apache-2.0
#include "app/full_tables.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace pdtt {
namespace {

using namespace std::chrono_literals;

// What is said when tables have refused that much so far.
class Warnings {
 public:
  std::string After(FullTables::Clock::duration time, std::uint64_t accounts,
                    std::uint64_t flows = 0) {
    tables_.Check({{"account_map", 1, 8, accounts}, {"flow_stats_map", 1, 64, flows}},
                  start_ + time);
    return std::exchange(written_, {});
  }

  std::string AfterSeries(FullTables::Clock::duration time, std::uint64_t series) {
    tables_.CheckSeries(series, start_ + time);
    return std::exchange(written_, {});
  }

 private:
  std::string written_;
  Log log_{LogLevel::kInfo, LogFormat::kLogfmt,
           [this](std::string_view line) { written_ += line.substr(line.find("level=")); }};
  FullTables tables_{log_};
  FullTables::Clock::time_point start_ = FullTables::Clock::now();
};

const std::string kWarning =
    "level=warn msg=\"no room in a table\" map=account_map refused=2 "
    "remedy=\"raise limits.accounts and restart\"\n";

}  // namespace

TEST_CASE("a full table is named with what it refused since the last warning", "[full_tables]") {
  Warnings warnings;
  CHECK(warnings.After(0s, 0).empty());
  CHECK(warnings.After(1s, 2) == kWarning);
  CHECK(warnings.After(2s, 2).empty());
  CHECK(warnings.After(59s, 3).empty());
  CHECK(warnings.After(62s, 4) == kWarning);
  CHECK(warnings.After(200s, 4).empty());
}

TEST_CASE("every table has warnings of its own", "[full_tables]") {
  Warnings warnings;
  CHECK(warnings.After(0s, 2) == kWarning);
  CHECK(warnings.After(1s, 4, 5) ==
        "level=warn msg=\"no room in a table\" map=flow_stats_map refused=5 "
        "remedy=\"raise limits.connections and restart\"\n");
}

TEST_CASE("series left out are added up between warnings", "[full_tables]") {
  Warnings warnings;
  const std::string begin = "level=warn msg=\"connections left out of the metrics\" series=";
  const std::string end = " remedy=\"raise limits.series\"\n";
  CHECK(warnings.AfterSeries(0s, 10) == begin + "10" + end);
  CHECK(warnings.AfterSeries(10s, 10).empty());
  CHECK(warnings.AfterSeries(61s, 10) == begin + "20" + end);
}

}  // namespace pdtt
