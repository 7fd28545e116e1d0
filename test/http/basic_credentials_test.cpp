// SPDX-License-Identifier: Apache-2.0
#include "http/basic_credentials.h"

#include <catch2/catch.hpp>
#include <string>

using pdtt::ParseBasicCredentials;

namespace {

TEST_CASE("User and password are what stands before and after the first colon") {
  const auto [header, user, password] = GENERATE(table<std::string, std::string, std::string>({
      {"Basic YWxpY2U6c2VjcmV0", "alice", "secret"},
      {"basic YWxpY2U6c2VjcmV0", "alice", "secret"},
      {"Basic YTpiOmM=", "a", "b:c"},
      {"Basic YTo=", "a", ""},
      {"Basic OmE=", "", "a"},
      {"Basic Og==", "", ""},
      {"Basic w7Y6w58=", "\xc3\xb6", "\xc3\x9f"},
      {"Basic YQA6YgA=", std::string("a\0", 2), std::string("b\0", 2)},
  }));
  CAPTURE(header);
  const auto credentials = ParseBasicCredentials(header);
  REQUIRE(credentials);
  CHECK(credentials->user == user);
  CHECK(credentials->password == password);
}

TEST_CASE("What is not a basic authentication holds no user and password") {
  const std::string header = GENERATE(
      "", "Basic", "Basic ", "Basic  YTpi", "Basic YTpi ", "Bearer YTpi", "BasicYTpi", "YTpi",
      "Basic YWxpY2U=", "Basic YTpiOmM", "Basic YTpi=", "Basic YTpi====", "Basic YT!i",
      "Basic YTpi,Basic YTpi", "Basic =", "Basic ====", "Basic YTpi\tYTpi", "Basic YT=pi");
  CAPTURE(header);
  CHECK_FALSE(ParseBasicCredentials(header));
}

}  // namespace
