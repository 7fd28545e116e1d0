// SPDX-License-Identifier: Apache-2.0
// The composition root: builds every part in order; they stop in reverse order.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>

#include "app/full_tables.h"
#include "app/log.h"
#include "bpf/kernel_source.h"
#include "collect/collector.h"
#include "collect/subuid_owners.h"
#include "collect/user_names.h"
#include "config/config.h"
#include "http/server.h"
#include "metrics/exporter_counters.h"
#include "report/record_writer.h"
#include "report/report_writer.h"

namespace pdtt {

/// Counts and serves from the constructor to the destructor. Throws if the cgroup layer or the
/// HTTP server can't run; then nothing is left in the kernel.
class App {
 public:
  App(const Config& config, Log& log);

  /// Takes over what `read` returns and can change while running. Where that fails, the
  /// configuration in force stays, and log and metrics say so.
  void Reload(const std::function<Config()>& read);

 private:
  [[nodiscard]] KernelOptions WithSubuids(KernelOptions options) const;
  [[nodiscard]] CollectorOptions ToCollectorOptions(const Config& config);
  [[nodiscard]] RecordCallbacks ToRecordCallbacks();
  [[nodiscard]] ReportCallbacks ToReportCallbacks();
  [[nodiscard]] TroubleCallbacks ToTroubleCallbacks(CollectStage stage, const char* message);
  void RecordFinished(const EventsReading& events, const SnapshotRules& rules);
  void PassOnSubuids();
  void Apply(const Config& config);
  void LogStart(const Config& config);

  Log& log_;
  Config config_;  ///< in force
  std::atomic<std::chrono::milliseconds> max_age_;
  FullTables full_tables_;
  ExporterCounters counters_;
  std::optional<SubuidOwners> subuids_;  ///< the collector thread's
  UserNames names_;
  KernelSource source_;
  RecordWriter records_;
  Collector collector_;
  ReportWriter reports_;  ///< the last report needs the collector
  HttpServer server_;
};

}  // namespace pdtt
