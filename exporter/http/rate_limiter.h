// SPDX-License-Identifier: Apache-2.0
// How many requests are answered in a time: a token bucket.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "model/web_security.h"

namespace pdtt {

/// Thread-safe.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  /// Whether one more request may be answered. A limit that has changed begins with its whole
  /// burst.
  bool Allow(const std::optional<RateLimit>& limit, Clock::time_point now = Clock::now());

 private:
  std::mutex mutex_;
  std::optional<RateLimit> limit_;
  Clock::time_point full_;  ///< when the bucket will hold the whole burst again
};

}  // namespace pdtt
