// SPDX-License-Identifier: Apache-2.0
#include "top/api_problem.h"

#include <curl/curl.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

namespace pdtt::top {
namespace {

constexpr const char* kUrl = "http://h:1";

std::string TextOf(int code, int os_error = 0, const char* url = kUrl) {
  return ProblemOf({code, os_error, "detail\x1b[2J"}, url).what();
}

TEST_CASE("A user whom the host keeps from connecting is told whom to ask") {
  CHECK_THAT(TextOf(CURLE_COULDNT_CONNECT, EPERM),
             Catch::StartsWith("http://h:1: this user may not connect") &&
                 Catch::Contains("web.local_users"));
}

TEST_CASE("Each failure on the way says what to look at") {
  CHECK_THAT(TextOf(CURLE_COULDNT_CONNECT, ECONNREFUSED),
             Catch::Contains("is the exporter running"));
  CHECK_THAT(TextOf(CURLE_COULDNT_CONNECT, EHOSTUNREACH), Catch::Contains("No route to host"));
  CHECK_THAT(TextOf(CURLE_COULDNT_RESOLVE_HOST), Catch::Contains("spelt right"));
  CHECK_THAT(TextOf(CURLE_OPERATION_TIMEDOUT), Catch::Contains("no answer in time"));
  CHECK_THAT(TextOf(CURLE_GOT_NOTHING), Catch::Contains("use https://"));
  CHECK_THAT(TextOf(CURLE_RECV_ERROR, 0, "https://h:1"), Catch::Contains("--cert-file"));
  CHECK_THAT(TextOf(CURLE_SSL_CONNECT_ERROR, 0, "https://h:1"), Catch::Contains("use http://"));
  CHECK_THAT(TextOf(CURLE_PEER_FAILED_VERIFICATION, 0, "https://h:1"),
             Catch::Contains("--ca-file"));
}

TEST_CASE("What a library or a server says can't reach the terminal as it is") {
  CHECK_THAT(TextOf(CURLE_SSL_CONNECT_ERROR), Catch::Contains("detail\\x1b[2J"));
  CHECK_THAT(ProblemOfStatus(500, kUrl, "/p", R"({"error":"\u001b[2J\u0085"})").what(),
             Catch::Contains("\\x1b[2J\\xc2\\x85"));
}

TEST_CASE("Each refusal says what to give or to ask for") {
  const auto text = [](long status) {
    return std::string(ProblemOfStatus(status, kUrl, "/api/v1/users", "no JSON").what());
  };
  CHECK_THAT(text(401), Catch::Contains("--user and --password-file"));
  CHECK_THAT(text(403), Catch::Contains("403"));
  CHECK_THAT(text(404), Catch::Contains("there is no /api/v1/users (404)"));
  CHECK_THAT(text(429), Catch::Contains("--interval"));
  CHECK_THAT(text(302), Catch::Contains("answered 302"));
}

TEST_CASE("An exporter that has nothing to show yet is not a lasting problem") {
  CHECK(ProblemOfStatus(503, kUrl, "/p", R"({"error":"no snapshot yet"})").IsStarting());
  CHECK_FALSE(ProblemOfStatus(503, kUrl, "/p", "<html>").IsStarting());
  CHECK_FALSE(ProblemOfStatus(500, kUrl, "/p", R"({"error":"x"})").IsStarting());
}

}  // namespace
}  // namespace pdtt::top
