// SPDX-License-Identifier: Apache-2.0
#include "http/accept_encoding.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

TEST_CASE("gzip is used only for clients that really accept it") {
  const auto [header, accepted] = GENERATE(table<std::string, bool>({
      {"gzip", true},
      {"GZip", true},
      {"x-gzip", true},
      {"deflate, gzip, br", true},
      {"deflate,gzip;q=1.0", true},
      {"gzip ; q=0.001", true},
      {"gzip;Q=0.5", true},
      {"gzip;level=9;q=0.5", true},
      {"*", true},
      {"*;q=0.3", true},
      {"br, *", true},
      {"gzip;q=0.5, identity;q=0.5", true},
      {" \t gzip \t ", true},
      {",,gzip,,", true},
      {"", false},
      {"identity", false},
      {"deflate, br", false},
      {"gzipped", false},
      {"gzi", false},
      {"gzip;q=0", false},
      {"gzip;q=0.0", false},
      {"gzip; q=0.000", false},
      {"*;q=0", false},
      {"gzip;q=0, *", false},
      {"*, gzip;q=0", false},
      {"identity, gzip;q=0.5", false},
      {"gzip;q=", false},
      {"gzip;q=high", false},
      {"gzip;q=2", false},
      {"gzip;q=1.001", false},
      {"gzip;q=0.5555", false},
      {"gzip;q=-1", false},
      {"gzip;q", false},
  }));
  CAPTURE(header);
  CHECK(pdtt::AcceptsGzip(header) == accepted);
}
