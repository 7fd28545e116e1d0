// SPDX-License-Identifier: Apache-2.0
#include "http/listen_address.h"

#include <catch2/catch.hpp>
#include <string>

TEST_CASE("good listen addresses are read into their numeric form") {
  const auto [text, canonical] = GENERATE(table<std::string, std::string>({
      {"127.0.0.1:10435", "127.0.0.1:10435"},
      {"0.0.0.0:0", "0.0.0.0:0"},
      {"localhost:65535", "127.0.0.1:65535"},
      {"[::1]:10435", "[::1]:10435"},
      {"[::]:80", "[::]:80"},
      {"[2001:DB8:0:0::7]:443", "[2001:db8::7]:443"},
  }));
  CAPTURE(text);
  CHECK(pdtt::ToString(pdtt::ParseListenAddress(text)) == canonical);
}

TEST_CASE("listen addresses that can't be meant are refused by name") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "10435", ":10435", "127.0.0.1",
               "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:80s",
               "127.0.0.1:0x50", "127.0.0.1: 80", "999.1.1.1:80", "127.0.1:80", "127.0.0.1.1:80",
               "::1:80", "[::1]", "[::1", "[]:80", "[::1%lo]:80", "[127.0.0.1]:80",
               "example.org:80", "x/run/pdtt.sock:0", "+80", "127.0.0.1:80,0.0.0.0:80");
  CAPTURE(text);
  CHECK_THROWS_WITH(pdtt::ParseListenAddress(text), Catch::Contains("'" + text + "'"));
}

TEST_CASE("a NUL does not hide the rest of a host") {
  CHECK_THROWS(pdtt::ParseListenAddress(std::string("127.0.0.1\0.example.org:80", 25)));
}

TEST_CASE("an address of another host can't be listened on") {
  CHECK_THROWS_WITH(pdtt::CheckListenable({pdtt::ParseListenAddress("192.0.2.1:0")}),
                    "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}
