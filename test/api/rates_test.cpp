// SPDX-License-Identifier: Apache-2.0
#include "api/rates.h"

#include <catch2/catch.hpp>

namespace pdtt {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kAlice = 1000;
constexpr std::uint32_t kBob = 1001;

ConnectionKey Key(std::uint16_t local_port) {
  return {kAlice, Protocol::kTcp, {}, local_port, {}, 443, "internet"};
}

/// Taken `at` seconds after the first; the host has moved 1000 bytes per second each way.
Counters Taken(std::chrono::seconds at) {
  Counters counters;
  counters.time += at;
  counters.steady_time += at;
  counters.host = {static_cast<std::uint64_t>(at.count()) * 1000,
                   static_cast<std::uint64_t>(at.count()) * 1000};
  return counters;
}

}  // namespace

TEST_CASE("rates are what was gained per second", "[rates]") {
  Counters from = Taken(10s);
  from.users[kAlice] = {100, 0};
  Counters to = Taken(12s);
  to.users[kAlice] = {1100, 3};
  const Rates rates = RatesBetween(from, to);
  CHECK(rates.window == 2s);
  CHECK(rates.host.receive == 1000);
  CHECK(rates.users.at(kAlice).receive == 500);
  CHECK(rates.users.at(kAlice).transmit == 1.5);
}

TEST_CASE("a new user's bytes were all moved in the window", "[rates]") {
  Counters to = Taken(12s);
  to.users[kBob] = {200, 0};
  CHECK(RatesBetween(Taken(10s), to).users.at(kBob).receive == 100);
}

TEST_CASE("a user who has gone has no rate", "[rates]") {
  Counters from = Taken(10s);
  from.users[kAlice] = {100, 100};
  CHECK(RatesBetween(from, Taken(12s)).users.empty());
}

TEST_CASE("a counter that began anew is no negative rate", "[rates]") {
  Counters from = Taken(10s);
  from.users[kAlice] = {5000, 100};
  Counters to = Taken(12s);
  to.users[kAlice] = {3, 200};
  const Rates rates = RatesBetween(from, to);
  CHECK(rates.users.at(kAlice).receive == 0);
  CHECK(rates.users.at(kAlice).transmit == 50);
}

TEST_CASE("nobody is said to have moved more than the host has", "[rates]") {
  Counters from = Taken(10s);
  Counters to = Taken(12s);
  to.users[kAlice] = {2001, 2000};
  const Rates rates = RatesBetween(from, to);
  CHECK(rates.users.at(kAlice).receive == 0);
  CHECK(rates.users.at(kAlice).transmit == 1000);
}

TEST_CASE("connections have a rate as far as their start is known", "[rates]") {
  Counters from = Taken(10s);
  Counters to = Taken(12s);
  const auto old = std::chrono::system_clock::time_point(1s);
  SECTION("it was there before") {
    from.connections[Key(1)] = {{500, 0}, old};
    to.connections[Key(1)] = {{700, 0}, old};
    CHECK(RatesBetween(from, to).connections.at(Key(1)).receive == 100);
  }
  SECTION("it is new") {
    to.connections[Key(1)] = {{700, 0}, from.time + 1s};
    CHECK(RatesBetween(from, to).connections.at(Key(1)).receive == 350);
  }
  SECTION("it was not among the busiest before") {
    to.connections[Key(1)] = {{700, 0}, old};
    CHECK(RatesBetween(from, to).connections.at(Key(1)).receive == 0);
  }
  SECTION("another one on the same ports has taken its place") {
    from.connections[Key(1)] = {{500, 0}, old};
    to.connections[Key(1)] = {{600, 0}, from.time + 1s};
    CHECK(RatesBetween(from, to).connections.at(Key(1)).receive == 300);
  }
}

TEST_CASE("snapshots of the same moment make no rate", "[rates]") {
  Counters to = Taken(10s);
  to.users[kAlice] = {1, 1};
  CHECK(RatesBetween(Taken(10s), to).users.at(kAlice).Both() == 0);
}

}  // namespace pdtt
