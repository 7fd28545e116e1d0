// SPDX-License-Identifier: Apache-2.0
// The composition root: builds every part in order; they stop in reverse order.
#pragma once

#include <optional>

#include "app/log.h"
#include "bpf/kernel_source.h"
#include "collect/collector.h"
#include "collect/subuid_owners.h"
#include "collect/user_names.h"
#include "config/config.h"
#include "http/server.h"
#include "metrics/exporter_counters.h"

namespace pdtt {

/// Counts and serves from the constructor to the destructor. Throws if the cgroup layer or the
/// HTTP server can't run; then nothing is left in the kernel.
class App {
 public:
  App(const Config& config, Log& log);

 private:
  [[nodiscard]] KernelOptions WithSubuids(KernelOptions options) const;
  [[nodiscard]] CollectorOptions ToCollectorOptions(const Config& config);
  void LogStart(const Config& config);

  Log& log_;
  ExporterCounters counters_;
  std::optional<SubuidOwners> subuids_;  ///< the collector thread's
  UserNames names_;
  KernelSource source_;
  Collector collector_;
  HttpServer server_;
};

}  // namespace pdtt
