// SPDX-License-Identifier: Apache-2.0
// What the HTTP server asks of its clients at one time, and adds to its responses.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "http/tls.h"
#include "model/web_security.h"

namespace pdtt {

struct HttpSecurity {
  std::shared_ptr<const TlsContext> tls{};  ///< none: plain HTTP
  HttpHeaders headers{};   ///< of every response, in place of those of the same name
  PasswordHashes users{};  ///< none: no password is asked for
  std::optional<RateLimit> rate_limit{};
};

/// What is in force now; nothing: no request may be answered. Called from worker threads, often.
using SecurityNow = std::function<std::shared_ptr<const HttpSecurity>()>;

}  // namespace pdtt
