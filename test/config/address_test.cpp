// SPDX-License-Identifier: Apache-2.0
#include "config/address.h"

#include <catch2/catch.hpp>
#include <string>

#include "config/values.h"

namespace pdtt {
namespace {

TEST_CASE("An IPv4 prefix is stored v4-mapped") {
  CHECK(ParsePrefix("10.0.0.0/8") ==
        Prefix{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 0}, 104});
  CHECK(ParsePrefix("192.0.2.7/32") ==
        Prefix{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7}, 128});
  CHECK(ParsePrefix("0.0.0.0/0") ==
        Prefix{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0}, 96});
}

TEST_CASE("An IPv6 prefix is stored as it is") {
  CHECK(ParsePrefix("fc00::/7") == Prefix{{0xfc}, 7});
  CHECK(ParsePrefix("::/0") == Prefix{{}, 0});
  CHECK(ParsePrefix("::1/128") == Prefix{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128});
}

TEST_CASE("A prefix is written the way it was read") {
  const std::string text = GENERATE("10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "::/0", "fc00::/7",
                                    "2001:db8::/33", "::1/128", "::/96");
  CHECK(PrefixText(ParsePrefix(text)) == text);
}

TEST_CASE("A bad prefix is refused with its remedy") {
  const auto [text, remedy] = GENERATE(table<std::string, std::string>(
      {{"10.1.2.3/8", "has bits set beyond its length; write 10.0.0.0/8"},
       {"10.0.0.1/31", "write 10.0.0.0/31"},
       {"0.0.0.1/0", "write 0.0.0.0/0"},
       {"fc00::1/7", "has bits set beyond its length; write fc00::/7"},
       {"fd00::/7", "write fc00::/7"},
       {"::1/0", "write ::/0"},
       {"10.0.0.1", "has no prefix length; write 10.0.0.1/32 for this one address"},
       {"::1", "write ::1/128"},
       {"10.0.0.0/33", "use 0 to 32"},
       {"10.0.0.0/", "use 0 to 32"},
       {"10.0.0.0/08", "use 0 to 32"},
       {"10.0.0.0/-1", "use 0 to 32"},
       {"10.0.0.0/8/8", "use 0 to 32"},
       {"10.0.0.0/255.0.0.0", "use 0 to 32"},
       {"fc00::/129", "use 0 to 128"},
       {"::ffff:10.0.0.0/104", "is an IPv4 prefix in IPv6 form; write 10.0.0.0/8"},
       {"::ffff:0:0/96", "write 0.0.0.0/0"},
       {"", "is not an address prefix"},
       {"/8", "is not an address prefix"},
       {"10/8", "is not an address prefix"},
       {"999.1.1.1/8", "is not an address prefix"},
       {"010.0.0.0/8", "is not an address prefix"},
       {"[fc00::]/7", "is not an address prefix"},
       {"fe80::%eth0/64", "is not an address prefix"},
       {"example.org/24", "is not an address prefix"}}));
  CHECK_THROWS_WITH(ParsePrefix(text), Catch::Contains(remedy));
}

TEST_CASE("A listen address is an address and a port") {
  const std::string text =
      GENERATE("127.0.0.1:10435", "0.0.0.0:1", "localhost:65535", "[::1]:10435", "[::]:0",
               "127.0.0.1:0", "[2001:db8::1]:80", "[::ffff:127.0.0.1]:80");
  CHECK(ParseListenAddress(text) == text);
}

TEST_CASE("A bad listen address is refused with its remedy") {
  const auto [text, remedy] = GENERATE(
      table<std::string, std::string>({{"", "has no port; write HOST:PORT"},
                                       {"127.0.0.1", "has no port; write HOST:PORT"},
                                       {"10435", "has no port; write HOST:PORT"},
                                       {"127.0.0.1:", "use 1 to 65535, or 0"},
                                       {"127.0.0.1:65536", "use 1 to 65535, or 0"},
                                       {"127.0.0.1:70000", "use 1 to 65535, or 0"},
                                       {"127.0.0.1:-1", "use 1 to 65535, or 0"},
                                       {"127.0.0.1:080", "use 1 to 65535, or 0"},
                                       {"127.0.0.1:http", "use 1 to 65535, or 0"},
                                       {"127.0.0.1:80s", "use 1 to 65535, or 0"},
                                       {"127.0.0.1:80,127.0.0.1:81", "has no usable host"},
                                       {"999.1.1.1:19101", "has no usable host"},
                                       {"1.1.1:80", "has no usable host"},
                                       {"127.0.0.01:80", "has no usable host"},
                                       {":10435", "0.0.0.0 is every IPv4 address"},
                                       {"*:80", "has no usable host"},
                                       {"+:80", "has no usable host"},
                                       {"example.org:80", "has no usable host"},
                                       {"Localhost:80", "has no usable host"},
                                       {"x/path.sock:80", "has no usable host"},
                                       {"[127.0.0.1]:80", "has no usable host"},
                                       {"[localhost]:80", "has no usable host"},
                                       {"[]:80", "has no usable host"},
                                       {"[::1:80", "has no usable host"},
                                       {"[fe80::1%eth0]:80", "has no usable host"},
                                       {"::1:80", "without brackets; write it like [::1]:10435"},
                                       {"[::1]", "use 1 to 65535, or 0"}}));
  CHECK_THROWS_WITH(ParseListenAddress(text), Catch::Contains(remedy));
}

}  // namespace
}  // namespace pdtt
