// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <memory>
#include <mutex>
#include <string>

#include "http/http_client.h"
#include "http/loopback_server.h"
#include "http/server.h"

using pdtt::HttpHeaders;
using pdtt::HttpOptions;
using pdtt::HttpSecurity;
using pdtt::HttpServer;
using pdtt::RateLimit;
using pdtt::test::Address;
using pdtt::test::Connection;
using pdtt::test::Fetch;
using pdtt::test::Hello;
using pdtt::test::Loopback;

namespace {

constexpr const char* kRight = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";  // alice:secret
constexpr const char* kWrong = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";  // alice:wrong

/// Of "secret", with the cheapest cost.
constexpr const char* kHash = "$2y$04$IxDUOFMhsb1/gk0YxWMMleob4s8fH2r5jKHcTHHagTBfcYAdXRD.O";

/// What is in force, and can be exchanged.
class Protection {
 public:
  explicit Protection(HttpSecurity security) { Set(std::move(security)); }

  void Set(HttpSecurity security) {
    const std::lock_guard lock(mutex_);
    now_ = std::make_shared<const HttpSecurity>(std::move(security));
  }
  void Break() {
    const std::lock_guard lock(mutex_);
    now_ = nullptr;
  }
  HttpOptions Options() {
    HttpOptions options = Loopback();
    options.security = [this] {
      const std::lock_guard lock(mutex_);
      return now_;
    };
    return options;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const HttpSecurity> now_;
};

TEST_CASE("With users, only the right password opens a route, and any path that is none") {
  Protection protection({.users = {{"alice", kHash}}});
  const HttpServer server(protection.Options(), {Hello()});
  for (const char* path : {"/hello", "/nosuch"}) {
    const auto none = Fetch(Address(server), path);
    CHECK(none.status == 401);
    CHECK(none.headers.at("www-authenticate").starts_with("Basic "));
    CHECK(Fetch(Address(server), path, kWrong).status == 401);
    CHECK(Fetch(Address(server), path, std::string(kRight) + kRight).status == 401);
  }
  CHECK(Fetch(Address(server), "/hello", kRight).body == "hello");
  CHECK(Fetch(Address(server), "/nosuch", kRight).status == 404);
  CHECK(Fetch(Address(server), "/hello", "", "POST").status == 401);
  CHECK(Fetch(Address(server), "/hello", kRight, "POST").status == 405);
}

TEST_CASE("Where nothing is in force, nobody gets anything, until something is again") {
  Protection protection({});
  const HttpServer server(protection.Options(), {Hello()});
  Connection open(Address(server));
  open.Send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(open.ReadReply().status == 200);
  protection.Break();
  open.Send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto reply = open.ReadReply();
  CHECK(reply.status == 500);
  CHECK(reply.headers.at("connection") == "close");
  CHECK(Fetch(Address(server), "/hello").body.find("hello") == std::string::npos);
  protection.Set({});
  CHECK(Fetch(Address(server), "/hello").status == 200);
}

TEST_CASE("A rate limit refuses what is beyond its burst") {
  Protection protection({.rate_limit = RateLimit{std::chrono::hours{1}, 2}});
  const HttpServer server(protection.Options(), {Hello()});
  CHECK(Fetch(Address(server), "/hello").status == 200);
  CHECK(Fetch(Address(server), "/hello").status == 200);
  const auto refused = Fetch(Address(server), "/hello");
  CHECK(refused.status == 429);
  CHECK(refused.headers.count("retry-after") == 1);
}

TEST_CASE("Configured headers are on every response, once, in place of others") {
  Protection protection(
      {.headers = {{"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "deny"}}});
  const HttpServer server(
      protection.Options(),
      {Hello(), {"/own", [](const pdtt::HttpRequest&) {
                   return pdtt::HttpResponse{.headers = {{"x-frame-options", "sameorigin"}}};
                 }}});
  for (const char* path : {"/hello", "/nosuch", "/own"}) {
    Connection connection(Address(server));
    connection.Send("GET " + std::string(path) + " HTTP/1.1\r\nConnection: close\r\n\r\n");
    const std::string reply = connection.ReadUntilClosed();
    CHECK(reply.find("X-Frame-Options: deny\r\n") != std::string::npos);
    CHECK(reply.find("sameorigin") == std::string::npos);
    const auto once = reply.find("X-Content-Type-Options: nosniff\r\n");
    CHECK(once != std::string::npos);
    CHECK(reply.find("X-Content-Type-Options", once + 1) == std::string::npos);
  }
  Connection malformed(Address(server));
  malformed.Send("nonsense\r\n\r\n");
  CHECK(malformed.ReadUntilClosed().find("X-Frame-Options: deny\r\n") != std::string::npos);
}

}  // namespace
