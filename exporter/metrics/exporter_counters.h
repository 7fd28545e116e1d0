// SPDX-License-Identifier: Apache-2.0
// What the exporter's threads count as they go: errors, dropped series, reloads.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include "model/collect_stage.h"

namespace pdtt {

/// Why series were left out of a snapshot.
enum class DropReason : std::uint8_t { kSeriesLimit };
inline constexpr std::size_t kDropReasons = 1;

/// pdtt_collect_errors_total, pdtt_series_dropped_total and pdtt_config_last_reload_*, with all
/// their samples from the start. Thread-safe.
class ExporterCounters {
 public:
  /// The first configuration counts as read now.
  ExporterCounters();

  void CountError(CollectStage stage);
  void CountDroppedSeries(DropReason reason, std::uint64_t series);

  void ReloadSucceeded(std::chrono::system_clock::time_point now);
  void ReloadFailed();

  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const;

 private:
  prometheus::Registry registry_;
  std::array<prometheus::Counter*, kStages> errors_{};               ///< owned by registry_
  std::array<prometheus::Counter*, kDropReasons> dropped_series_{};  ///< owned by registry_
  prometheus::Gauge* reload_successful_ = nullptr;                   ///< owned by registry_
  prometheus::Gauge* reload_time_ = nullptr;                         ///< owned by registry_
};

}  // namespace pdtt
