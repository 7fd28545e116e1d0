// SPDX-License-Identifier: Apache-2.0
#include "http/rate_limiter.h"

#include <algorithm>

namespace pdtt {

bool RateLimiter::Allow(const std::optional<RateLimit>& limit, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (limit != limit_) {
    limit_ = limit;
    full_ = now;
  }
  if (!limit_) {
    return true;
  }
  // Each request moves that time an interval on; it can be a burst of intervals ahead.
  const Clock::time_point next = std::max(full_, now) + limit_->interval;
  if (next - now > limit_->interval * limit_->burst) {
    return false;
  }
  full_ = next;
  return true;
}

}  // namespace pdtt
