// SPDX-License-Identifier: Apache-2.0
// What is served under which path.
#pragma once

#include <atomic>
#include <chrono>
#include <vector>

#include "collect/collector.h"
#include "http/server.h"
#include "metrics/exporter_counters.h"

namespace pdtt {

/// /metrics, /-/healthy, /-/ready and the landing page. The arguments must outlive the server.
/// `max_age` may change.
[[nodiscard]] std::vector<HttpRoute> Routes(Collector& collector, const ExporterCounters& counters,
                                            const std::atomic<std::chrono::milliseconds>& max_age);

}  // namespace pdtt
