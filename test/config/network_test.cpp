// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "config/address.h"
#include "config_file.h"

namespace pdtt {
namespace {

using test::Load;
using test::LoadError;

const std::string rest = "  rest: [0.0.0.0/0, '::/0']\n";

TEST_CASE("The default networks send every address somewhere") {
  const std::vector<Network> networks = DefaultNetworks();
  REQUIRE(networks.size() == 3);
  CHECK(networks[0].name == "loopback");
  CHECK(networks[1].name == "private");
  CHECK(networks[1].prefixes.size() == 6);
  CHECK(networks[2] == Network{"internet", {ParsePrefix("0.0.0.0/0"), ParsePrefix("::/0")}});
}

TEST_CASE("Networks in a file replace the default ones and keep their order") {
  const Config config = Load("networks:\n  z_site-1: [192.0.2.0/24]\n" + rest);
  REQUIRE(config.networks.size() == 2);
  CHECK(config.networks[0] == Network{"z_site-1", {ParsePrefix("192.0.2.0/24")}});
  CHECK(config.networks[1].name == "rest");
}

TEST_CASE("A prefix within another network's prefix is allowed: the longest wins") {
  CHECK(LoadError("networks:\n  a: [10.0.0.0/8]\n  b: [10.1.0.0/16, '::/64']\n" + rest) ==
        "accepted");
}

TEST_CASE("Networks that can't be used are refused with place and remedy") {
  const auto [yaml, error] = GENERATE(table<std::string, std::string>(
      {{"networks:\n",
        "1:1: networks: not 1 to 16 networks; write each as "
        "\"name: [prefix, prefix]\""},
       {"networks: {}\n",
        "1:11: networks: not 1 to 16 networks; write each as "
        "\"name: [prefix, prefix]\""},
       {"networks: [10.0.0.0/8]\n",
        "1:11: networks: not 1 to 16 networks; write each as "
        "\"name: [prefix, prefix]\""},
       {"networks:\n  lan: [10.0.0.0/8]\n  all: ['::/0']\n",
        "2:3: networks: no network holds every other address; add \"0.0.0.0/0\" to one of them"},
       {"networks:\n  all: [0.0.0.0/0]\n",
        "2:3: networks: no network holds every other address; add \"::/0\" to one of them"},
       {"networks:\n  Site: [10.0.0.0/8]\n",
        "2:3: networks: \"Site\" is not a network's name; use 1 to 32 of a-z, 0-9, '_' and '-'"},
       {"networks:\n  \"\": [10.0.0.0/8]\n",
        "2:3: networks: \"\" is not a network's name; use 1 to 32 of a-z, 0-9, '_' and '-'"},
       {"networks:\n  a b: [10.0.0.0/8]\n",
        "2:3: networks: \"a b\" is not a network's name; use 1 to 32 of a-z, 0-9, '_' and '-'"},
       {"networks:\n  lan: 10.0.0.0/8\n",
        "2:8: networks: \"lan\" is not a list; write it in brackets, such as [one, two]"},
       {"networks:\n  lan: []\n", "2:8: networks: \"lan\" is a list of 0; give 1 to 1024 items"},
       {"networks:\n  lan:\n",
        "2:3: networks: \"lan\" is not a list; write it in brackets, such as [one, two]"},
       {"networks:\n  lan: [10.0.0.0/8, 10.1.2.3/16]\n",
        "2:21: networks: \"10.1.2.3/16\" has bits set beyond its length; write 10.1.0.0/16"},
       {"networks:\n  lan: [10.0.0.0/8, 10.0.0.0/8]\n",
        "2:21: networks: \"10.0.0.0/8\" is listed twice; remove one of them"},
       {"networks:\n  lan: [10.0.0.0/8]\n  wan: [10.0.0.0/8]\n",
        "3:9: networks: \"10.0.0.0/8\" is already in the network \"lan\"; remove one of them"},
       {"networks:\n  lan: [fc00::/7]\n  wan: ['fc00:0::/7']\n",
        "3:9: networks: \"fc00:0::/7\" is already in the network \"lan\"; remove one of them"},
       {"networks:\n  lan: [10.0.0.0/8]\n  lan: [10.0.0.0/8]\n",
        "3:3: the key \"lan\" is already at 2:3; remove one of them"}}));
  CHECK(LoadError(yaml) == error);
}

TEST_CASE("A network's name has at most 32 characters") {
  CHECK(LoadError("networks:\n  " + std::string(32, 'n') + ": [10.0.0.0/8]\n" + rest) ==
        "accepted");
  CHECK_THAT(LoadError("networks:\n  " + std::string(33, 'n') + ": [10.0.0.0/8]\n" + rest),
             Catch::StartsWith("2:3: networks: "));
}

TEST_CASE("There are at most 16 networks") {
  std::string yaml = "networks:\n" + rest;
  for (int i = 1; i < 16; ++i) {
    const std::string number = std::to_string(i);
    yaml.append("  n").append(number).append(": [10.").append(number).append(".0.0/16]\n");
  }
  CHECK(LoadError(yaml) == "accepted");
  CHECK_THAT(LoadError(yaml + "  n16: [10.16.0.0/16]\n"),
             Catch::Contains("networks: not 1 to 16 networks"));
}

TEST_CASE("There are at most as many prefixes as the kernel's table holds") {
  std::string yaml = "networks:\n" + rest + "  a: [192.0.2.0/24]\n  b: [";
  for (int i = 0; i < 1021; ++i) {
    yaml.append("10.").append(std::to_string(i / 256)).append(".");
    yaml.append(std::to_string(i % 256)).append(".0/24, ");
  }
  CHECK(LoadError(yaml + "]\n") == "accepted");
  CHECK_THAT(LoadError(yaml + "172.16.0.0/16]\n"),
             Catch::EndsWith("more than 1024 prefixes in all; join some of them"));
}

}  // namespace
}  // namespace pdtt
