// SPDX-License-Identifier: Apache-2.0
#include "http/access_list.h"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

TEST_CASE("networks become a list that refuses everybody else") {
  CHECK(pdtt::AccessControlList({}, true) == "-0.0.0.0/0");
  CHECK(pdtt::AccessControlList({"127.0.0.0/8", "::1/128"}, true) ==
        "-0.0.0.0/0,+127.0.0.0/8,+::1/128");
}

TEST_CASE("an address alone is a network of one") {
  CHECK(pdtt::AccessControlList({"10.0.0.7", "fd00::7"}, true) ==
        "-0.0.0.0/0,+10.0.0.7/32,+fd00::7/128");
}

TEST_CASE("host bits of a network are cleared, since they would keep it from ever matching") {
  CHECK(pdtt::AccessControlList({"10.1.2.3/9", "fd00:1:2::ff/33", "1.2.3.4/0"}, true) ==
        "-0.0.0.0/0,+10.0.0.0/9,+fd00:1::/33,+0.0.0.0/0");
}

TEST_CASE("IPv6 networks are left out where the library has no IPv6") {
  CHECK(pdtt::AccessControlList({"::1/128", "127.0.0.1/32"}, false) == "-0.0.0.0/0,+127.0.0.1/32");
}

TEST_CASE("texts that are no network are refused by name") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "all", "10.0.0.0/33", "10.0.0/8", "256.0.0.0/8", "::1/129",
               "10.0.0.0/", "10.0.0.0/8 ", "10.0.0.0/-1", "10.0.0.0/8,0.0.0.0/0", "fe80::1%lo/64",
               "localhost");
  CAPTURE(text);
  CHECK_THROWS_WITH(pdtt::AccessControlList({text}, true), Catch::Contains("'" + text + "'"));
}
