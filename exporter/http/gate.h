// SPDX-License-Identifier: Apache-2.0
// Who of those connected gets an answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/authenticator.h"
#include "http/rate_limiter.h"
#include "http/security.h"

namespace pdtt {

/// What a request gets instead of its answer.
struct Denial {
  int status = 0;
  std::string text;
  HttpHeaders headers{};
};

/// Thread-safe.
class Gate {
 public:
  /// Nothing for a request that may be answered. `security` may be null: then none may.
  [[nodiscard]] std::optional<Denial> Check(const HttpSecurity* security,
                                            std::string_view authorization);

 private:
  RateLimiter rate_limiter_;
  Authenticator authenticator_;
};

}  // namespace pdtt
