// SPDX-License-Identifier: Apache-2.0
// Counters that the exporter's threads increment as they go: errors and dropped series.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include "model/collect_stage.h"

namespace pdtt {

/// Why series were left out of a snapshot.
enum class DropReason : std::uint8_t { kSeriesLimit };
inline constexpr std::size_t kDropReasons = 1;

/// pdtt_collect_errors_total and pdtt_series_dropped_total, with all their samples from the start.
/// Thread-safe.
class ExporterCounters {
 public:
  ExporterCounters();

  void CountError(CollectStage stage);
  void CountDroppedSeries(DropReason reason, std::uint64_t series);

  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const;

 private:
  prometheus::Registry registry_;
  std::array<prometheus::Counter*, kStages> errors_{};               ///< owned by registry_
  std::array<prometheus::Counter*, kDropReasons> dropped_series_{};  ///< owned by registry_
};

}  // namespace pdtt
