// SPDX-License-Identifier: Apache-2.0
#include "metrics/exporter_counters.h"

#include <string>
#include <string_view>

#include <prometheus/family.h>

#include "metrics/names.h"

namespace pdtt {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, kStages> kStageTexts = {
    "accounts", "connections", "flows",  "events",  "xdp",    "programs",
    "maps",     "names",       "render", "reports", "records"};
constexpr std::array<std::string_view, kDropReasons> kDropReasonTexts = {"series_limit"};

// All counters are made here, so that increase() sees even the first error.
template <std::size_t N>
void AddCounters(prometheus::Registry& registry, const FamilySpec& spec,
                 const std::array<std::string_view, N>& label_values,
                 std::array<prometheus::Counter*, N>& counters) {
  auto& family = prometheus::BuildCounter()
                     .Name(std::string(spec.name))
                     .Help(std::string(spec.help))
                     .Register(registry);
  for (std::size_t i = 0; i < N; ++i) {
    counters.at(i) =
        &family.Add({{std::string(spec.labels.front()), std::string(label_values.at(i))}});
  }
}

prometheus::Gauge* AddGauge(prometheus::Registry& registry, const FamilySpec& spec) {
  return &prometheus::BuildGauge()
              .Name(std::string(spec.name))
              .Help(std::string(spec.help))
              .Register(registry)
              .Add({});
}

}  // namespace

ExporterCounters::ExporterCounters() {
  AddCounters(registry_, FamilyNamed("pdtt_collect_errors_total"), kStageTexts, errors_);
  AddCounters(registry_, FamilyNamed("pdtt_series_dropped_total"), kDropReasonTexts,
              dropped_series_);
  reload_successful_ = AddGauge(registry_, FamilyNamed("pdtt_config_last_reload_successful"));
  reload_time_ =
      AddGauge(registry_, FamilyNamed("pdtt_config_last_reload_success_timestamp_seconds"));
  ReloadSucceeded(std::chrono::system_clock::now());
}

void ExporterCounters::CountError(CollectStage stage) {
  errors_.at(static_cast<std::size_t>(stage))->Increment();
}

void ExporterCounters::CountDroppedSeries(DropReason reason, std::uint64_t series) {
  dropped_series_.at(static_cast<std::size_t>(reason))->Increment(static_cast<double>(series));
}

void ExporterCounters::ReloadSucceeded(std::chrono::system_clock::time_point now) {
  reload_successful_->Set(1);
  reload_time_->Set(std::chrono::duration<double>(now.time_since_epoch()).count());
}

void ExporterCounters::ReloadFailed() {
  reload_successful_->Set(0);
}

std::vector<prometheus::MetricFamily> ExporterCounters::Collect() const {
  return registry_.Collect();
}

}  // namespace pdtt
