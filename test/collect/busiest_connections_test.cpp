// SPDX-License-Identifier: Apache-2.0
#include "collect/busiest_connections.h"

#include <vector>

#include <catch2/catch.hpp>

#include "collect/closed_connections.h"
#include "collect/readings.h"

namespace pdtt {
namespace {

using test::TcpConnection;

std::vector<const ConnectionReading*> Pointers(const std::vector<ConnectionReading>& connections) {
  std::vector<const ConnectionReading*> pointers;
  for (const ConnectionReading& connection : connections) {
    pointers.push_back(&connection);
  }
  return pointers;
}

std::vector<ConnectionReading> Busiest(const std::vector<ConnectionReading>& open,
                                       const std::vector<ConnectionReading>& closed,
                                       std::size_t count) {
  return BusiestConnections(Pointers(open), Pointers(closed), count);
}

}  // namespace

TEST_CASE("the busiest connections come first", "[busiest_connections]") {
  const auto busiest =
      Busiest({TcpConnection(1, 1, 5), TcpConnection(1, 2, 50), TcpConnection(1, 3, 7)},
              {TcpConnection(1, 4, 30)}, 3);
  REQUIRE(busiest.size() == 3);
  CHECK(busiest[0].local_port == 2);
  CHECK(busiest[1].local_port == 4);
  CHECK(busiest[2].local_port == 3);
  CHECK(Busiest({TcpConnection(1, 1, 5)}, {}, 0).empty());
}

TEST_CASE("open connections with equal labels are added up", "[busiest_connections]") {
  const auto busiest = Busiest({TcpConnection(1, 1, 5, 10), TcpConnection(1, 1, 6, 20)}, {}, 10);
  REQUIRE(busiest.size() == 1);
  CHECK(busiest[0].traffic.receive_bytes == 11);
}

TEST_CASE("a closed connection gives way to its successor", "[busiest_connections]") {
  SECTION("an open one on the same port") {
    const auto busiest = Busiest({TcpConnection(1, 1, 5, 20)}, {TcpConnection(1, 1, 900, 10)}, 10);
    REQUIRE(busiest.size() == 1);
    CHECK(busiest[0].traffic.receive_bytes == 5);
  }
  SECTION("open ones began when the first of them did") {
    const auto busiest =
        Busiest({TcpConnection(1, 1, 900, 20), TcpConnection(1, 1, 3, 10)}, {}, 10);
    REQUIRE(busiest.size() == 1);
    CHECK(busiest[0].start_ns == 10);
  }
  SECTION("a closed one on the same port") {
    const auto busiest =
        Busiest({}, {TcpConnection(1, 1, 900, 10), TcpConnection(1, 1, 3, 20)}, 10);
    REQUIRE(busiest.size() == 1);
    CHECK(busiest[0].traffic.receive_bytes == 3);
  }
}

TEST_CASE("connections of two users on the same ports stay apart", "[busiest_connections]") {
  CHECK(Busiest({TcpConnection(1, 1, 5), TcpConnection(2, 1, 6)}, {}, 10).size() == 2);
}

TEST_CASE("a closed connection lingers until its time is over and it was published",
          "[closed_connections]") {
  using namespace std::chrono_literals;
  ClosedConnections closed{60s, 100};
  const ClosedConnections::Clock::time_point start{};
  closed.Add({TcpConnection(1, 1, 5)}, start);
  std::vector<ConnectionReading> published;
  SECTION("nobody scraped in time") {
    closed.Publish(start + 1h, true, published);
    CHECK(published.size() == 1);
    closed.Publish(start + 2h, true, published);
    CHECK(published.size() == 1);
  }
  SECTION("scraped at once") {
    closed.Publish(start, true, published);
    closed.Publish(start + 59s, true, published);
    CHECK(published.size() == 2);
    closed.Publish(start + 60s, true, published);
    CHECK(published.size() == 2);
  }
}

TEST_CASE("a closed connection that only viewers saw waits for a scraper", "[closed_connections]") {
  using namespace std::chrono_literals;
  ClosedConnections closed{60s, 100};
  const ClosedConnections::Clock::time_point start{};
  closed.Add({TcpConnection(1, 1, 5)}, start);
  std::vector<ConnectionReading> viewed;
  closed.Publish(start + 59s, false, viewed);
  CHECK(viewed.size() == 1);
  closed.Publish(start + 60s, false, viewed);
  CHECK(viewed.size() == 1);
  std::vector<ConnectionReading> scraped;
  closed.Publish(start + 61s, true, scraped);
  CHECK(scraped.size() == 1);
}

TEST_CASE("the oldest closed connections make room", "[closed_connections]") {
  using namespace std::chrono_literals;
  ClosedConnections closed{60s, 2};
  closed.Add({TcpConnection(1, 1, 5), TcpConnection(1, 2, 5), TcpConnection(1, 3, 5)}, {});
  std::vector<ConnectionReading> published;
  closed.Publish({}, true, published);
  REQUIRE(published.size() == 2);
  CHECK(published[0].local_port == 2);
}

}  // namespace pdtt
