// SPDX-License-Identifier: Apache-2.0
// How the server holds out against clients that are slow, many or broken.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "http/http_client.h"
#include "http/loopback_server.h"
#include "http/server.h"

using namespace std::chrono_literals;
using pdtt::HttpOptions;
using pdtt::HttpRequest;
using pdtt::HttpResponse;
using pdtt::HttpRoute;
using pdtt::HttpServer;
using pdtt::Sink;
using pdtt::test::Address;
using pdtt::test::Connection;
using pdtt::test::Fetch;
using pdtt::test::Hello;
using pdtt::test::HttpReply;
using pdtt::test::Loopback;

namespace {

using Clock = std::chrono::steady_clock;

/// A body that goes on for as long as anybody reads it.
HttpRoute Endless(std::atomic<int>& stopped) {
  return {"/endless", [&stopped](const HttpRequest&) {
            return HttpResponse{.body = [&stopped](const Sink& sink) {
              const std::string piece(65536, 'x');
              while (sink(piece)) {
              }
              ++stopped;
            }};
          }};
}

template <typename Predicate>
bool Eventually(Predicate predicate, Clock::duration limit) {
  const auto deadline = Clock::now() + limit;
  while (!predicate() && Clock::now() < deadline) {
    std::this_thread::sleep_for(10ms);
  }
  return predicate();
}

}  // namespace

TEST_CASE("a slow reader is cut off at the response deadline") {
  std::atomic<int> stopped = 0;
  HttpOptions options = Loopback();
  options.response_deadline = 500ms;
  std::promise<std::string> logged;
  options.log_error = [&logged](std::string_view message) {
    logged.set_value(std::string(message));
  };
  const HttpServer server(options, {Hello(), Endless(stopped)});
  Connection connection(Address(server), 4096);
  const auto start = Clock::now();
  connection.Send(
      "GET /endless HTTP/1.1\r\nHost: test\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
  while (stopped == 0 && Clock::now() - start < 10s) {
    static_cast<void>(connection.Read(1024));
    std::this_thread::sleep_for(2ms);
  }
  CHECK(stopped == 1);
  CHECK(Clock::now() - start >= 500ms);
  CHECK(Clock::now() - start < 3s);
  auto message = logged.get_future();
  REQUIRE(message.wait_for(1s) == std::future_status::ready);
  CHECK(message.get() == "127.0.0.1 took too long to read a response and was cut off");
  // An answer to the second request would read as a part of the first.
  CHECK(connection.ReadUntilClosed().find("hello") == std::string::npos);
}

TEST_CASE("a reader that stops is cut off once the socket has been full for the header deadline") {
  std::atomic<int> stopped = 0;
  HttpOptions options = Loopback();
  options.header_deadline = 500ms;
  const HttpServer server(options, {Endless(stopped)});
  Connection connection(Address(server), 4096);
  connection.Send("GET /endless HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(Eventually([&stopped] { return stopped == 1; }, 5s));
}

TEST_CASE("slow readers on all workers but one do not keep others waiting") {
  std::atomic<int> stopped = 0;
  HttpOptions options = Loopback();
  options.max_requests = 0;
  const HttpServer server(options, {Hello(), Endless(stopped)});
  std::vector<std::unique_ptr<Connection>> stalled;
  for (int i = 0; i < 47; ++i) {
    stalled.push_back(std::make_unique<Connection>(Address(server), 4096));
    stalled.back()->Send("GET /endless HTTP/1.1\r\nHost: test\r\n\r\n");
  }
  const auto start = Clock::now();
  CHECK(Fetch(Address(server), "/hello").body == "hello");
  CHECK(Clock::now() - start < 2s);
}

TEST_CASE("a request too many is told to come back, and health is told all the same") {
  std::atomic<int> stopped = 0;
  HttpOptions options = Loopback();
  options.max_requests = 2;
  options.response_deadline = 1s;
  HttpRoute health = Hello();
  health.path = "/health";
  health.unlimited = true;
  const HttpServer server(options, {Hello(), health, Endless(stopped)});
  std::vector<std::unique_ptr<Connection>> stalled;
  for (int i = 0; i < 2; ++i) {
    stalled.push_back(std::make_unique<Connection>(Address(server), 4096));
    stalled.back()->Send("GET /endless HTTP/1.1\r\nHost: test\r\n\r\n");
    CHECK_THAT(stalled.back()->Read(100), Catch::StartsWith("HTTP/1.1 200 "));
  }
  const HttpReply refused = Fetch(Address(server), "/hello");
  CHECK(refused.status == 503);
  CHECK(refused.headers.at("retry-after") == "1");
  CHECK(Fetch(Address(server), "/health").status == 200);
  REQUIRE(Eventually([&stopped] { return stopped == 2; }, 10s));
  CHECK(Eventually([&server] { return Fetch(Address(server), "/hello").status == 200; }, 1s));
}

TEST_CASE("a limit beyond the usual number of workers is reached") {
  std::atomic<int> stopped = 0;
  HttpOptions options = Loopback();
  options.max_requests = 60;
  const HttpServer server(options, {Hello(), Endless(stopped)});
  std::vector<std::unique_ptr<Connection>> stalled;
  for (int i = 0; i < 60; ++i) {
    stalled.push_back(std::make_unique<Connection>(Address(server), 4096));
    stalled.back()->Send("GET /endless HTTP/1.1\r\nHost: test\r\n\r\n");
    CHECK_THAT(stalled.back()->Read(100), Catch::StartsWith("HTTP/1.1 200 "));
  }
  CHECK(Fetch(Address(server), "/hello").status == 503);
}

TEST_CASE("a request that never ends is dropped at the header deadline") {
  HttpOptions options = Loopback();
  options.header_deadline = 500ms;
  const HttpServer server(options, {Hello()});
  Connection silent(Address(server));
  Connection dripping(Address(server));
  const auto start = Clock::now();
  dripping.Send("GET /hello HTTP/1.1\r\n");
  std::thread drip([&dripping] {
    for (int i = 0; i < 100 && dripping.Send("X"); ++i) {
      std::this_thread::sleep_for(30ms);
    }
  });
  CHECK(silent.ReadUntilClosed().empty());
  CHECK_THAT(dripping.ReadUntilClosed(), Catch::StartsWith("HTTP/1.1 400 "));
  CHECK(Clock::now() - start < 2500ms);
  drip.join();
}

TEST_CASE("stalled readers and idle clients do not delay the end of the server") {
  std::atomic<int> stopped = 0;
  auto server = std::make_unique<HttpServer>(Loopback(), std::vector{Hello(), Endless(stopped)});
  const std::string address = Address(*server);
  std::vector<std::unique_ptr<Connection>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<Connection>(address, 4096));
    clients.back()->Send(i % 2 == 0 ? "GET /endless HTTP/1.1\r\nHost: test\r\n\r\n" : "GET /he");
  }
  std::this_thread::sleep_for(200ms);  // the send buffers fill
  const auto start = Clock::now();
  server.reset();
  CHECK(Clock::now() - start < 5s);
  CHECK(stopped == 4);
  CHECK_THROWS(Connection(address));
}

TEST_CASE("fifty clients at once all get whole replies") {
  const std::string text(300'000, 'y');
  HttpOptions options = Loopback();
  options.max_requests = 0;
  const HttpServer server(
      options, {{"/text", [&text](const HttpRequest&) {
                   return HttpResponse{.body = [&text](const Sink& sink) { sink(text); }};
                 }}});
  std::atomic<int> whole = 0;
  std::vector<std::thread> clients;
  clients.reserve(50);
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back([&, i] {
      for (int n = 0; n < 5; ++n) {
        const HttpReply reply =
            Fetch(Address(server), "/text", i % 2 == 0 ? "Accept-Encoding: gzip\r\n" : "");
        whole +=
            reply.complete && (i % 2 == 0 ? pdtt::test::Gunzip(reply.body) : reply.body) == text;
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  CHECK(whole == 250);
}

TEST_CASE("garbage gets an error or nothing, and the server lives on") {
  HttpOptions options = Loopback();
  options.header_deadline = 300ms;
  const HttpServer server(options, {Hello()});
  const std::string huge(40'000, 'a');
  const std::vector<std::string> requests = {
      std::string(500, '\0'),
      "\x16\x03\x01\x02\x01\xfc\x03\x03 a TLS hello",
      "GET\r\n\r\n",
      "GET /hello\r\n\r\n",
      "get /hello HTTP/1.1\r\n\r\n",
      "GET /hello HTTP/2.0\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET * HTTP/1.1\r\n\r\n",
      "GET /hello HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "GET /hello HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
      "GET /" + huge + " HTTP/1.1\r\n\r\n",
      "GET /hello HTTP/1.1\r\nX: " + huge + "\r\n\r\n",
      "GET /hello HTTP/1.1\r\nX: a" + std::string(1, '\0') + "b\r\n\r\n",
  };
  for (const std::string& request : requests) {
    CAPTURE(request.substr(0, 60));
    Connection connection(Address(server));
    connection.Send(request);
    CHECK_THAT(connection.ReadUntilClosed(), !Catch::StartsWith("HTTP/1.1 2"));
  }
  Connection connection(Address(server));
  connection.Send("GET /hello HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n\r\n");
  CHECK(connection.ReadReply().status == 200);
  CHECK(Fetch(Address(server), "/hello").status == 200);
}

TEST_CASE("mutated requests never bring the server down") {
  HttpOptions options = Loopback();
  options.header_deadline = 50ms;
  const HttpServer server(options, {Hello()});
  const std::string good =
      "GET /hello?a=b HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip;q=0.5, *\r\n"
      "Connection: close\r\nContent-Length: 0\r\n\r\n";
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::string request = good;
    for (int n = 0; n < 3; ++n) {
      request[random() % (request.size() - 4)] = static_cast<char>(random());
    }
    Connection connection(Address(server));
    connection.Send(request);
    connection.FinishSending();
    static_cast<void>(connection.ReadUntilClosed());
  }
  CHECK(Fetch(Address(server), "/hello").status == 200);
}
