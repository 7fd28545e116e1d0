// SPDX-License-Identifier: Apache-2.0
#include "http/rate_limiter.h"

#include <catch2/catch.hpp>
#include <optional>

using pdtt::RateLimit;
using pdtt::RateLimiter;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const RateLimiter::Clock::time_point kStart{std::chrono::hours{1}};

int Allowed(RateLimiter& limiter, const std::optional<RateLimit>& limit,
            RateLimiter::Clock::time_point now, int requests) {
  int allowed = 0;
  for (int i = 0; i < requests; ++i) {
    allowed += limiter.Allow(limit, now) ? 1 : 0;
  }
  return allowed;
}

TEST_CASE("Without a limit everything is allowed") {
  RateLimiter limiter;
  CHECK(Allowed(limiter, std::nullopt, kStart, 1000) == 1000);
}

TEST_CASE("A burst is allowed at once, then one request an interval") {
  RateLimiter limiter;
  const RateLimit limit{seconds{1}, 5};
  CHECK(Allowed(limiter, limit, kStart, 100) == 5);
  CHECK(Allowed(limiter, limit, kStart + milliseconds{999}, 100) == 0);
  CHECK(Allowed(limiter, limit, kStart + seconds{1}, 100) == 1);
  CHECK(Allowed(limiter, limit, kStart + milliseconds{3500}, 100) == 2);
}

TEST_CASE("A pause fills the bucket up to the burst and no further") {
  RateLimiter limiter;
  const RateLimit limit{seconds{1}, 5};
  CHECK(Allowed(limiter, limit, kStart, 100) == 5);
  CHECK(Allowed(limiter, limit, kStart + std::chrono::hours{1}, 100) == 5);
}

TEST_CASE("A limit that changes begins anew, one that stays does not") {
  RateLimiter limiter;
  const RateLimit limit{seconds{1}, 2};
  CHECK(Allowed(limiter, limit, kStart, 10) == 2);
  CHECK(Allowed(limiter, limit, kStart, 10) == 0);
  CHECK(Allowed(limiter, RateLimit{seconds{1}, 3}, kStart, 10) == 3);
  CHECK(Allowed(limiter, std::nullopt, kStart, 10) == 10);
  CHECK(Allowed(limiter, limit, kStart, 10) == 2);
}

}  // namespace
