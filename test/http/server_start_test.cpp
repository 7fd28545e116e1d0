// SPDX-License-Identifier: Apache-2.0
// What the server listens on, what it refuses to start with, and whom it lets in.
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "http/http_client.h"
#include "http/loopback_server.h"
#include "http/server.h"

using pdtt::HttpOptions;
using pdtt::HttpServer;
using pdtt::test::Address;
using pdtt::test::Connection;
using pdtt::test::Fetch;
using pdtt::test::Hello;
using pdtt::test::Loopback;

namespace {

bool SystemHasIpv6() {
  try {
    const HttpServer server({.listen = {"[::1]:0"}, .allow = {"::1"}}, {});
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

TEST_CASE("a taken port is named together with the remedy") {
  const HttpServer first(Loopback(), {});
  HttpOptions options = Loopback();
  options.listen = {Address(first)};
  CHECK_THROWS_WITH(HttpServer(options, {}),
                    "cannot listen on " + Address(first) +
                        ": Address already in use; stop the other process or choose another "
                        "--web.listen-address");
}

TEST_CASE("an address given twice and no address at all are errors") {
  HttpOptions options = Loopback();
  std::string address;
  {
    const HttpServer server(options, {});
    address = Address(server);
  }
  options.listen = {address, address};
  CHECK_THROWS_WITH(HttpServer(options, {}), Catch::Contains(address + ": Address already in use"));
  options.listen = {};
  CHECK_THROWS_WITH(HttpServer(options, {}), Catch::Contains("no address to listen on"));
}

TEST_CASE("bad options are refused before anything listens") {
  HttpOptions options = Loopback();
  options.listen = {"999.1.1.1:0"};
  CHECK_THROWS_WITH(HttpServer(options, {}), Catch::Contains("'999.1.1.1:0'"));
  options = Loopback();
  options.allow = {"10.0.0.0/99"};
  CHECK_THROWS_WITH(HttpServer(options, {}), Catch::Contains("'10.0.0.0/99'"));
}

TEST_CASE("a server stops and starts again on the same port") {
  HttpOptions options = Loopback();
  for (int i = 0; i < 3; ++i) {
    const HttpServer server(options, {Hello()});
    CHECK(Fetch(Address(server), "/hello").status == 200);
    options.listen = server.ListenAddresses();
  }
}

TEST_CASE("several addresses are served") {
  HttpOptions options = Loopback();
  options.listen = {"127.0.0.1:0", "127.0.0.2:0"};
  const HttpServer server(options, {Hello()});
  REQUIRE(server.ListenAddresses().size() == 2);
  CHECK_THAT(server.ListenAddresses()[1], Catch::StartsWith("127.0.0.2:"));
  for (const std::string& address : server.ListenAddresses()) {
    CHECK(Fetch(address, "/hello").status == 200);
  }
}

TEST_CASE("clients outside the allowed networks are cut off unheard") {
  HttpOptions options = Loopback();
  options.allow = GENERATE(std::vector<std::string>{"127.0.0.2/32", "::1/128"},
                           std::vector<std::string>{"127.0.1.0/24"}, std::vector<std::string>{});
  const HttpServer server(options, {Hello()});
  CHECK(Fetch(Address(server), "/hello").status == 0);
}

TEST_CASE("clients inside the allowed networks are served") {
  HttpOptions options = Loopback();
  options.allow = {GENERATE(as<std::string>{}, "127.0.0.1", "127.0.0.1/32", "127.0.0.0/8",
                            "127.9.9.9/8", "0.0.0.0/0")};
  const HttpServer server(options, {Hello()});
  CHECK(Fetch(Address(server), "/hello").status == 200);
}

TEST_CASE("IPv6 is served, and its clients checked against IPv6 networks") {
  if (!SystemHasIpv6()) {
    WARN("no IPv6 in this build or on this host");
    return;
  }
  struct Case {
    std::vector<std::string> allow;
    int status;
  };
  const Case expected = GENERATE(values<Case>({
      {{"::1/128"}, 200},
      {{"::/0"}, 200},
      {{"127.0.0.0/8", "::1"}, 200},
      {{"127.0.0.0/8", "fd00::/8"}, 0},
      {{"0.0.0.0/0"}, 0},
      {{"::2/127"}, 0},
      {{}, 0},
  }));
  const HttpServer server({.listen = {"[::1]:0"}, .allow = expected.allow}, {Hello()});
  CHECK_THAT(Address(server), Catch::StartsWith("[::1]:"));
  CHECK(Fetch(Address(server), "/hello").status == expected.status);
}

TEST_CASE("an IPv6 wildcard takes no IPv4 clients, which IPv4 networks could not describe") {
  if (!SystemHasIpv6()) {
    WARN("no IPv6 in this build or on this host");
    return;
  }
  const HttpServer server({.listen = {"[::]:0"}, .allow = {"::/0", "0.0.0.0/0"}}, {Hello()});
  const std::string port = Address(server).substr(4);
  CHECK(Fetch("[::1]" + port, "/hello").status == 200);
  CHECK_THROWS(Connection("127.0.0.1" + port));
}
