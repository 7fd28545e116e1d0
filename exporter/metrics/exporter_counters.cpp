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
    "accounts", "connections", "flows", "events", "xdp", "programs", "maps", "names", "render"};
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

}  // namespace

ExporterCounters::ExporterCounters() {
  AddCounters(registry_, FamilyNamed("pdtt_collect_errors_total"), kStageTexts, errors_);
  AddCounters(registry_, FamilyNamed("pdtt_series_dropped_total"), kDropReasonTexts,
              dropped_series_);
}

void ExporterCounters::CountError(CollectStage stage) {
  errors_.at(static_cast<std::size_t>(stage))->Increment();
}

void ExporterCounters::CountDroppedSeries(DropReason reason, std::uint64_t series) {
  dropped_series_.at(static_cast<std::size_t>(reason))->Increment(static_cast<double>(series));
}

std::vector<prometheus::MetricFamily> ExporterCounters::Collect() const {
  return registry_.Collect();
}

}  // namespace pdtt
