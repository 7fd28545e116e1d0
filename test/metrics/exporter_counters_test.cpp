// SPDX-License-Identifier: Apache-2.0
#include "metrics/exporter_counters.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <prometheus/text_serializer.h>
#include <catch2/catch.hpp>

namespace {

std::string Text(const pdtt::ExporterCounters& counters) {
  return prometheus::TextSerializer().Serialize(counters.Collect());
}

}  // namespace

TEST_CASE("every stage and drop reason is there from the start") {
  const pdtt::ExporterCounters counters;
  const std::string text = Text(counters);
  for (const char* const stage : {"accounts", "connections", "flows", "events", "xdp", "programs",
                                  "maps", "names", "render", "reports", "records"}) {
    CHECK_THAT(text, Catch::Contains("pdtt_collect_errors_total{stage=\"" + std::string(stage) +
                                     "\"} 0\n"));
  }
  CHECK_THAT(text, Catch::Contains("pdtt_series_dropped_total{reason=\"series_limit\"} 0\n"));
}

TEST_CASE("an error counts for its own stage and no other") {
  using pdtt::CollectStage;
  const auto [stage, label] = GENERATE(table<CollectStage, std::string>({
      {CollectStage::kAccounts, "accounts"},
      {CollectStage::kConnections, "connections"},
      {CollectStage::kFlows, "flows"},
      {CollectStage::kEvents, "events"},
      {CollectStage::kXdp, "xdp"},
      {CollectStage::kPrograms, "programs"},
      {CollectStage::kMaps, "maps"},
      {CollectStage::kNames, "names"},
      {CollectStage::kRender, "render"},
      {CollectStage::kReports, "reports"},
      {CollectStage::kRecords, "records"},
  }));
  pdtt::ExporterCounters counters;
  counters.CountError(stage);
  counters.CountError(stage);
  double errors = 0;
  for (const prometheus::MetricFamily& family : counters.Collect()) {
    for (const prometheus::ClientMetric& metric : family.metric) {
      errors += metric.counter.value;
    }
  }
  CHECK(errors == 2);
  CHECK_THAT(Text(counters),
             Catch::Contains("pdtt_collect_errors_total{stage=\"" + label + "\"} 2\n"));
}

TEST_CASE("dropped series are added up") {
  pdtt::ExporterCounters counters;
  counters.CountDroppedSeries(pdtt::DropReason::kSeriesLimit, 7);
  counters.CountDroppedSeries(pdtt::DropReason::kSeriesLimit, 3);
  CHECK_THAT(Text(counters),
             Catch::Contains("pdtt_series_dropped_total{reason=\"series_limit\"} 10\n"));
}

TEST_CASE("a reload that fails leaves the time of the last good one") {
  pdtt::ExporterCounters counters;
  CHECK_THAT(Text(counters), Catch::Contains("pdtt_config_last_reload_successful 1\n"));
  counters.ReloadSucceeded(std::chrono::system_clock::time_point{std::chrono::seconds{1500}});
  counters.ReloadFailed();
  const std::string text = Text(counters);
  CHECK_THAT(text, Catch::Contains("pdtt_config_last_reload_successful 0\n"));
  CHECK_THAT(text, Catch::Contains("pdtt_config_last_reload_success_timestamp_seconds 1500\n"));
  counters.ReloadSucceeded(std::chrono::system_clock::time_point{std::chrono::seconds{1501}});
  CHECK_THAT(Text(counters), Catch::Contains("pdtt_config_last_reload_successful 1\n"));
}

TEST_CASE("threads may count and collect at the same time") {
  constexpr int kThreads = 4;
  constexpr int kErrors = 1'000;
  pdtt::ExporterCounters counters;
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&counters] {
        for (int n = 0; n < kErrors; ++n) {
          counters.CountError(pdtt::CollectStage::kMaps);
        }
        static_cast<void>(counters.Collect());
      });
    }
  }
  CHECK_THAT(Text(counters), Catch::Contains("pdtt_collect_errors_total{stage=\"maps\"} 4000\n"));
}
