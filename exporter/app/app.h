// SPDX-License-Identifier: Apache-2.0
// The composition root: builds every part in order; they stop in reverse order.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/rate_history.h"
#include "app/full_tables.h"
#include "app/local_access.h"
#include "app/log.h"
#include "app/privileges.h"
#include "app/service_notify.h"
#include "app/web_files.h"
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
  /// `config_file`, if there is one, is what Reload() will want to read. `service` is told when
  /// all of it runs.
  App(const Config& config, const std::filesystem::path& config_file, Log& log,
      ServiceNotify& service);

  /// Takes over what `read` returns and can change while running. Where that fails, the
  /// configuration in force stays, and log and metrics say so.
  void Reload(const std::function<Config()>& read);

 private:
  [[nodiscard]] std::vector<HttpRoute> AllRoutes();
  [[nodiscard]] CollectorOptions ToCollectorOptions(const Config& config);
  [[nodiscard]] RecordCallbacks ToRecordCallbacks();
  [[nodiscard]] ReportCallbacks ToReportCallbacks();
  [[nodiscard]] TroubleCallbacks ToTroubleCallbacks(CollectStage stage, const char* message);
  void RecordFinished(const EventsReading& events, const SnapshotRules& rules);
  void PassOnSubuids(std::span<const SubuidRange> ranges);
  void Apply(const Config& config);
  void LogStart(const Config& config);
  void LogPrivileges();
  [[nodiscard]] std::string StatusLine();

  Log& log_;
  ServiceNotify& service_;
  Config config_;                      ///< in force
  std::optional<WebFiles> web_files_;  ///< none: no web configuration file
  std::atomic<std::chrono::milliseconds> max_age_;
  FullTables full_tables_;
  ExporterCounters counters_;
  RateHistory rates_;
  KernelSource source_;
  /// After all that needs privileges, and before the first thread: it is threads that have them.
  Privileges privileges_;
  UserNames names_;
  std::optional<SubuidOwners> subuids_;  ///< the collector thread's
  RecordWriter records_;
  Collector collector_;
  ReportWriter reports_;  ///< the last report needs the collector
  LocalAccess access_;    ///< guards before anything listens
  HttpServer server_;
};

}  // namespace pdtt
