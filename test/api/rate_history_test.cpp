// SPDX-License-Identifier: Apache-2.0
#include "api/rate_history.h"

#include <catch2/catch.hpp>

namespace pdtt {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// Of one user for each number; the host has moved what they have.
Snapshot Taken(milliseconds at, const std::vector<std::uint64_t>& receive_bytes) {
  Snapshot snapshot;
  snapshot.time += at;
  snapshot.steady_time += at;
  snapshot.networks = {"internet"};
  for (std::size_t i = 0; i < receive_bytes.size(); ++i) {
    snapshot.users.push_back({static_cast<std::uint32_t>(1000 + i), ""});
    snapshot.user_traffic.push_back({i, 0, Protocol::kTcp, {receive_bytes[i], 0, 0, 0}});
    snapshot.host.receive_bytes += receive_bytes[i];
  }
  return snapshot;
}

double ReceiveRate(const RateHistory& history, std::uint32_t uid = 1000) {
  return history.Now()->rates.users.at(uid).receive;
}

std::vector<double> ReceiveHistory(const RateHistory& history, std::uint32_t uid = 1000) {
  std::vector<double> rates;
  for (const Rate& rate : history.Now()->history->users.at(uid)) {
    rates.push_back(rate.receive);
  }
  return rates;
}

}  // namespace

TEST_CASE("one snapshot makes no rate", "[rate_history]") {
  RateHistory history;
  CHECK(history.Now()->rates.window.count() == 0);
  history.Add(Taken(0s, {5000}));
  CHECK(history.Now()->rates.window.count() == 0);
  CHECK(history.Now()->rates.users.empty());
  CHECK(history.Now()->history->points == 0);
}

TEST_CASE("rates are averaged over about a second, however often snapshots come",
          "[rate_history]") {
  RateHistory history;
  SECTION("often") {
    for (int i = 0; i <= 100; ++i) {  // 100 bytes each 100 ms, and none in the last seconds
      history.Add(
          Taken(i * 100ms, {std::min<std::uint64_t>(static_cast<std::uint64_t>(i), 60) * 100}));
      CHECK(history.Now()->rates.window < 1.81s);
      if (i >= 20 && i <= 60) {
        CHECK(ReceiveRate(history) == Approx(1000));
      }
    }
    CHECK(ReceiveRate(history) == 0);
  }
  SECTION("seldom") {
    history.Add(Taken(0s, {0}));
    history.Add(Taken(5s, {500}));
    CHECK(ReceiveRate(history) == Approx(100));
    history.Add(Taken(6s, {510}));
    CHECK(ReceiveRate(history) == Approx(10));
  }
}

TEST_CASE("the history has a point for each five seconds", "[rate_history]") {
  RateHistory history;
  for (int second = 0; second <= 20; ++second) {
    history.Add(Taken(second * 1s, {second <= 10 ? 0U : 5000U}));
  }
  CHECK(ReceiveHistory(history) == std::vector<double>{0, 0, 1000, 0});
}

TEST_CASE("snapshots that come a little early still make a point each", "[rate_history]") {
  RateHistory history;
  history.Add(Taken(0s, {0}));
  history.Add(Taken(4800ms, {4800}));
  history.Add(Taken(9600ms, {9600}));
  CHECK(ReceiveHistory(history) == std::vector<double>{1000, 1000});
}

TEST_CASE("a gap is filled with what was moved in it", "[rate_history]") {
  RateHistory history;
  history.Add(Taken(0s, {0}));
  history.Add(Taken(15s, {1500}));
  CHECK(ReceiveHistory(history) == std::vector<double>{100, 100, 100});
  history.Add(Taken(24h, {1500}));
  CHECK(history.Now()->history->users.empty());
  CHECK(history.Now()->history->points == RateHistory::kPoints);
}

TEST_CASE("the history is five minutes at most, and a new user's begins with zeros",
          "[rate_history]") {
  RateHistory history;
  const auto add = [&](int point, bool bob) {
    std::vector<std::uint64_t> bytes = {static_cast<std::uint64_t>(point) * 5};
    if (bob) {
      bytes.push_back(50);
    }
    history.Add(Taken(point * 5s, bytes));
  };
  for (int point = 0; point < 100; ++point) {
    add(point, false);
  }
  add(100, true);
  CHECK(history.Now()->history->points == 60);
  CHECK(ReceiveHistory(history) == std::vector<double>(60, 1));
  std::vector<double> bob(60, 0);
  bob.back() = 10;
  CHECK(ReceiveHistory(history, 1001) == bob);
}

TEST_CASE("no crowd of users makes the history grow without end", "[rate_history]") {
  RateHistory history;
  history.Add(Taken(0s, {}));
  history.Add(Taken(5s, std::vector<std::uint64_t>(3000, 1)));
  CHECK(history.Now()->history->users.size() == RateHistory::kMostUsers);
  CHECK(history.Now()->rates.users.size() == 3000);
}

}  // namespace pdtt
