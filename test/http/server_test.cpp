// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <catch2/catch.hpp>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "http/http_client.h"

using pdtt::HttpOptions;
using pdtt::HttpRequest;
using pdtt::HttpResponse;
using pdtt::HttpRoute;
using pdtt::HttpServer;
using pdtt::Sink;
using pdtt::test::Connection;
using pdtt::test::Fetch;
using pdtt::test::Gunzip;
using pdtt::test::HttpReply;

namespace {

constexpr std::string_view kLine = "pdtt_host_receive_bytes_total 9007199254740991\n";
constexpr int kLines = 40'000;

std::string LargeText() {
  std::string text;
  for (int i = 0; i < kLines; ++i) {
    text += kLine;
  }
  return text;
}

std::vector<HttpRoute> Routes() {
  const auto text = [](int status, const std::string& body) {
    return [status, body](const HttpRequest&) {
      return HttpResponse{.status = status, .body = [body](const Sink& sink) { sink(body); }};
    };
  };
  return {
      {"/metrics", text(200, "small\n")},
      {"/-/ready", text(503, "not yet\n")},
      {"/empty",
       [](const HttpRequest&) { return HttpResponse{.content_type = "application/json"}; }},
      {"/large",
       [](const HttpRequest&) {
         return HttpResponse{.body = [](const Sink& sink) {
           for (int i = 0; i < kLines && sink(kLine); ++i) {
           }
         }};
       }},
      {"/accept",
       [](const HttpRequest& request) {
         return HttpResponse{.headers = {{"X-Accept", request.accept}}};
       }},
      {"/throws-early",
       [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("no snapshot"); }},
      {"/throws-oddly", [](const HttpRequest&) -> HttpResponse { throw 42; }},
      {"/throws-in-body",
       [](const HttpRequest&) {
         return HttpResponse{.body = [](const Sink& sink) {
           sink("a few bytes");
           throw std::runtime_error("while writing");
         }};
       }},
      {"/throws-late",
       [](const HttpRequest&) {
         return HttpResponse{.body = [](const Sink& sink) {
           std::mt19937 random(1);  // so that compressed text is large, too
           for (int i = 0; i < 1'000'000; ++i) {
             const char c = static_cast<char>(random());
             sink({&c, 1});
           }
           throw std::runtime_error("after a lot");
         }};
       }},
  };
}

struct Fixture {
  std::mutex mutex;
  std::vector<std::string> log;  // outlives the server, which still logs while it stops
  HttpServer server{HttpOptions{.listen = {"127.0.0.1:0"},
                                .allow = {"127.0.0.0/8"},
                                .log_error =
                                    [this](std::string_view message) {
                                      const std::lock_guard lock(mutex);
                                      log.emplace_back(message);
                                    }},
                    Routes()};
  std::string address = server.ListenAddresses().at(0);

  std::string LastLog() {
    const std::lock_guard lock(mutex);
    return log.empty() ? "" : log.back();
  }
};

}  // namespace

TEST_CASE("a route answers with its status, type, body and the fixed headers") {
  Fixture fixture;
  const HttpReply reply = Fetch(fixture.address, "/metrics");
  CHECK(reply.status == 200);
  CHECK(reply.body == "small\n");
  CHECK(reply.complete);
  CHECK(reply.headers.at("content-type") == "text/plain; charset=utf-8");
  CHECK(reply.headers.at("content-length") == "6");
  CHECK(reply.headers.at("cache-control") == "no-store");
  CHECK(reply.headers.at("x-content-type-options") == "nosniff");
  CHECK(reply.headers.at("vary") == "Accept-Encoding");
  CHECK(reply.headers.at("connection") == "close");
  CHECK(reply.headers.at("date").size() == 29);
  CHECK(Fetch(fixture.address, "/-/ready").status == 503);
  CHECK(Fetch(fixture.address, "/empty").headers.at("content-type") == "application/json");
  CHECK(Fetch(fixture.address, "/empty").headers.at("content-length") == "0");
}

TEST_CASE("a route sees what the request accepts and adds headers of its own") {
  Fixture fixture;
  const HttpReply reply = Fetch(fixture.address, "/accept", "Accept: a/b\r\nAccept: c/d\r\n");
  CHECK(reply.headers.at("x-accept") == "a/b,c/d");
  CHECK(Fetch(fixture.address, "/accept").headers.at("x-accept").empty());
}

TEST_CASE("query strings are ignored and absolute request targets understood") {
  Fixture fixture;
  for (const std::string path :
       {"/metrics?", "/metrics?name=x&y=/../z", "/metrics?%00", "/metrics??a"}) {
    CAPTURE(path);
    CHECK(Fetch(fixture.address, path).status == 200);
  }
  CHECK(Fetch(fixture.address, "http://" + fixture.address + "/metrics").status == 200);
  const std::string port = fixture.address.substr(fixture.address.find(':'));
  CHECK(Fetch(fixture.address, "http://a.name" + port + "/metrics?x").status == 200);
  CHECK(Fetch(fixture.address, "http://a.name" + port + "/other").status == 404);
}

TEST_CASE("only the exact path is a route") {
  Fixture fixture;
  for (const std::string path :
       {"/",           "/metrics/",     "/METRICS",   "/Metrics",    "/metricsX",
        "/metric",     "//metrics",     "/metrics//", "/metrics%00", "/metrics%00.txt",
        "/%6detrics",  "/a/../metrics", "/./metrics", "/metrics;a",  "/metrics%2f",
        "/metrics%20", "/metrics%3Fx",  "/metrics#x", "/etc/passwd", "/../../etc/passwd"}) {
    CAPTURE(path);
    const HttpReply reply = Fetch(fixture.address, path);
    CHECK(reply.status == 404);
    CHECK(reply.headers.at("x-content-type-options") == "nosniff");
  }
}

TEST_CASE("other methods than GET and HEAD are refused, unknown paths first") {
  Fixture fixture;
  for (const std::string method :
       {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "MKCOL", "CONNECT"}) {
    CAPTURE(method);
    const HttpReply reply = Fetch(fixture.address, "/metrics", "Content-Length: 0\r\n", method);
    CHECK(reply.status == 405);
    CHECK(reply.headers.at("allow") == "GET, HEAD");
    CHECK(Fetch(fixture.address, "/unknown", "", method).status == 404);
  }
}

TEST_CASE("HEAD gives the headers of GET and no body") {
  Fixture fixture;
  const std::string path =
      GENERATE(as<std::string>{}, "/metrics", "/large", "/-/ready", "/unknown");
  Connection connection(fixture.address);
  connection.Send("HEAD " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const std::string raw = connection.ReadUntilClosed();
  CHECK_THAT(raw, Catch::EndsWith("\r\n\r\n"));
  CHECK(raw.find("\r\n\r\n") == raw.size() - 4);
  HttpReply head = Fetch(fixture.address, path, "", "HEAD");
  HttpReply get = Fetch(fixture.address, path);
  CHECK(head.status == get.status);
  for (const char* name : {"content-type", "cache-control", "x-content-type-options", "vary"}) {
    CHECK(head.headers.at(name) == get.headers.at(name));
  }
}

TEST_CASE("a large body is chunked in small pieces and whole") {
  Fixture fixture;
  const HttpReply reply = Fetch(fixture.address, "/large");
  CHECK(reply.chunked);
  CHECK(reply.complete);
  CHECK(reply.largest_chunk <= 4096);
  CHECK((reply.body == LargeText()));
}

TEST_CASE("gzip is sent to those who accept it and inflates to the same text") {
  Fixture fixture;
  HttpReply reply = Fetch(fixture.address, "/large", "Accept-Encoding: gzip\r\n");
  REQUIRE(reply.headers["content-encoding"] == "gzip");
  CHECK(reply.complete);
  CHECK(reply.body.size() < LargeText().size() / 10);
  CHECK((Gunzip(reply.body) == LargeText()));

  reply = Fetch(fixture.address, "/large", "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n");
  CHECK(reply.headers["content-encoding"] == "gzip");
  reply = Fetch(fixture.address, "/large", "Accept-Encoding: gzip;q=0\r\n");
  CHECK(reply.headers.count("content-encoding") == 0);
  CHECK((reply.body == LargeText()));
  reply = Fetch(fixture.address, "/metrics", "Accept-Encoding: gzip\r\n");
  CHECK(reply.body == "small\n");
}

TEST_CASE("an HTTP/1.0 client gets no chunks and a closed connection") {
  Fixture fixture;
  Connection connection(fixture.address);
  connection.Send("GET /large HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const HttpReply reply = connection.ReadReply();
  CHECK_FALSE(reply.chunked);
  CHECK(reply.headers.at("connection") == "close");
  CHECK((reply.body == LargeText()));
}

TEST_CASE("a connection serves several requests, and pipelined ones in order") {
  Fixture fixture;
  Connection connection(fixture.address);
  const std::string host = " HTTP/1.1\r\nHost: test\r\n\r\n";
  connection.Send("GET /metrics" + host + "GET /large" + host + "HEAD /metrics" + host +
                  "GET /nothing" + host);
  CHECK(connection.ReadReply().body == "small\n");
  CHECK((connection.ReadReply().body == LargeText()));
  CHECK(connection.ReadReply(true).status == 200);
  CHECK(connection.ReadReply().status == 404);
  connection.Send("GET /metrics" + host);
  const HttpReply reply = connection.ReadReply();
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("connection") == "keep-alive");
}

TEST_CASE("a request with a body ends its connection, so none can hide in it") {
  Fixture fixture;
  const std::string framing =
      GENERATE(as<std::string>{}, "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
               "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
               "Content-Length: 0\r\nContent-Length: 5\r\n");
  Connection connection(fixture.address);
  connection.Send("GET /metrics HTTP/1.1\r\nHost: test\r\n" + framing +
                  "\r\n0\r\n\r\nGET /-/ready HTTP/1.1\r\nHost: test\r\n\r\n");
  const std::string all = connection.ReadUntilClosed();
  CHECK_THAT(all, Catch::StartsWith("HTTP/1.1 200 "));
  CHECK_THAT(all, !Catch::Contains("503"));
}

TEST_CASE("an exception before anything was sent becomes a 500 and is logged") {
  Fixture fixture;
  const auto [path, what] = GENERATE(table<std::string, std::string>({
      {"/throws-early", "error in /throws-early: no snapshot"},
      {"/throws-oddly", "error in /throws-oddly: unknown exception"},
      {"/throws-in-body", "error in /throws-in-body: while writing"},
  }));
  const HttpReply reply = Fetch(fixture.address, path);
  CHECK(reply.status == 500);
  CHECK(reply.complete);
  CHECK_THAT(reply.body, !Catch::Contains("a few bytes") && !Catch::Contains("snapshot"));
  CHECK(fixture.LastLog() == what);
  CHECK(Fetch(fixture.address, "/metrics").status == 200);
}

TEST_CASE("an exception in the middle of a body cuts the connection") {
  Fixture fixture;
  const std::string headers = GENERATE(as<std::string>{}, "", "Accept-Encoding: gzip\r\n");
  Connection connection(fixture.address);
  connection.Send("GET /throws-late HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n" +
                  "GET /-/ready HTTP/1.1\r\nHost: test\r\n\r\n");
  const HttpReply reply = connection.ReadReply();
  CHECK(reply.status == 200);
  CHECK_FALSE(reply.complete);
  // An answer to the second request would read as a part of the first.
  CHECK(reply.body.find("not yet") == std::string::npos);
  CHECK(connection.ReadUntilClosed().find("not yet") == std::string::npos);
  CHECK(fixture.LastLog() == "error in /throws-late: after a lot");
}
