// SPDX-License-Identifier: Apache-2.0
#include "http/server_log.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using pdtt::ServerLog;

TEST_CASE("messages of the start are kept until the server runs") {
  std::vector<std::string> written;
  ServerLog log([&written](std::string_view message) { written.emplace_back(message); });
  log.Add("one");
  log.Add("two");
  CHECK(written.empty());
  CHECK(log.Kept() == "one; two");
  log.Open();
  CHECK(written == std::vector<std::string>{"one; two"});
}

TEST_CASE("a flood of messages is cut and counted") {
  std::vector<std::string> written;
  ServerLog log([&written](std::string_view message) { written.emplace_back(message); });
  log.Open();
  const auto start = ServerLog::Clock::now();
  for (int i = 0; i < 1000; ++i) {
    log.Add("again", start);
  }
  CHECK(written.size() == ServerLog::kBurst);
  log.Add("later", start + ServerLog::kWindow);
  REQUIRE(written.size() == ServerLog::kBurst + 2);
  CHECK(written[ServerLog::kBurst] == "990 more messages of the HTTP server were suppressed");
  CHECK(written.back() == "later");
}
