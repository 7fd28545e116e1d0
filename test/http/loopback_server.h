// SPDX-License-Identifier: Apache-2.0
// A server for tests: on a free port of the loopback interface, open to local clients.
#pragma once

#include <string>

#include "http/server.h"

namespace pdtt::test {

inline HttpOptions Loopback() {
  return {.listen = {"127.0.0.1:0"}, .allow = {"127.0.0.0/8", "::1/128"}};
}

inline HttpRoute Hello() {
  return {"/hello", [](const HttpRequest&) {
            return HttpResponse{.body = [](const Sink& sink) { sink("hello"); }};
          }};
}

inline std::string Address(const HttpServer& server) {
  return server.ListenAddresses().at(0);
}

}  // namespace pdtt::test
