// SPDX-License-Identifier: Apache-2.0
// The paths of the API.
#pragma once

#include <atomic>
#include <chrono>
#include <vector>

#include "api/rate_history.h"
#include "collect/collector.h"
#include "http/server.h"

namespace pdtt {

/// /api/v1/status, /api/v1/users, /api/v1/connections. The arguments must outlive the server.
/// `max_age` may change.
[[nodiscard]] std::vector<HttpRoute> ApiRoutes(
    Collector& collector, const RateHistory& rates,
    const std::atomic<std::chrono::milliseconds>& max_age);

}  // namespace pdtt
