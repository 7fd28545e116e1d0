// SPDX-License-Identifier: Apache-2.0
// The HTTP server: fixed routes, streamed bodies. civetweb ends here.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/security.h"

namespace pdtt {

/// Takes the next piece of a body. False: the client is gone or too slow, stop writing.
using Sink = std::function<bool(std::string_view)>;

/// What a route may ask about the request that it answers.
struct HttpRequest {
  std::string accept;  ///< all values of the header Accept as one list; empty: none was sent
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers{};  ///< beside the general ones
  std::function<void(const Sink&)> body{};  ///< may run for GET only; HEAD never calls it
};

struct HttpRoute {
  std::string path;  ///< matched exactly, case-sensitively
  std::function<HttpResponse(const HttpRequest&)> respond;
  bool unlimited = false;  ///< does not count as one of HttpOptions::max_requests
};

struct HttpOptions {
  std::vector<std::string> listen;  ///< HOST:PORT or [IPV6]:PORT; port 0 picks one
  std::vector<std::string> allow;   ///< CIDRs that may connect; none: nobody may
  unsigned max_requests = 40;       ///< answered at the same time, others get 503; 0: no limit
  std::chrono::milliseconds header_deadline{3'000};
  std::chrono::milliseconds response_deadline{10'000};
  std::function<void(std::string_view)> log_error{};  ///< called from worker threads
  bool tls = false;                                   ///< with the contexts that `security` has
  SecurityNow security{};                             ///< unset: whoever may connect is answered
};

/// Serves from the constructor to the destructor; `respond` and `body` run on worker threads with
/// small stacks and may throw (the client gets 500). Throws std::runtime_error if it can't listen,
/// or can't do TLS where that is wanted.
class HttpServer {
 public:
  HttpServer(HttpOptions options, std::vector<HttpRoute> routes);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  HttpServer(HttpServer&&) = delete;
  HttpServer& operator=(HttpServer&&) = delete;

  /// The addresses really bound, as HOST:PORT (with the port that 0 became).
  [[nodiscard]] std::vector<std::string> ListenAddresses() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pdtt
