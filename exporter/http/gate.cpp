// SPDX-License-Identifier: Apache-2.0
#include "http/gate.h"

#include "http/basic_credentials.h"

namespace pdtt {
namespace {

Denial Unauthorized() {
  return {.status = 401,
          .text = "user and password are wanted\n",
          .headers = {{"WWW-Authenticate", "Basic realm=\"pdtt-exporter\", charset=\"UTF-8\""}}};
}

}  // namespace

std::optional<Denial> Gate::Check(const HttpSecurity* security, std::string_view authorization) {
  if (security == nullptr) {
    return Denial{.status = 500,
                  .text = "the web configuration can't be used; see the exporter's log\n"};
  }
  if (!rate_limiter_.Allow(security->rate_limit)) {
    return Denial{.status = 429, .text = "too many requests\n", .headers = {{"Retry-After", "1"}}};
  }
  if (security->users.empty()) {
    return std::nullopt;
  }
  const auto credentials = ParseBasicCredentials(authorization);
  if (!credentials) {
    return Unauthorized();
  }
  switch (authenticator_.Check(security->users, *credentials)) {
    case Verdict::kRight:
      return std::nullopt;
    case Verdict::kBusy:
      return Denial{.status = 503,
                    .text = "too many passwords are being checked\n",
                    .headers = {{"Retry-After", "1"}}};
    case Verdict::kWrong:
      break;
  }
  return Unauthorized();
}

}  // namespace pdtt
