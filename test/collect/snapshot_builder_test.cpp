// SPDX-License-Identifier: Apache-2.0
#include "collect/snapshot_builder.h"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "collect/readings.h"

namespace pdtt {
namespace {

using test::Account;
using test::TcpConnection;

SnapshotRules TwoNetworks() {
  SnapshotRules rules;
  rules.networks = {"private", "internet"};
  rules.interfaces = {"eth0"};
  return rules;
}

UserNaming PlainNames() {
  return {[](std::uint32_t uid) { return uid; },
          [](std::uint32_t uid) { return "user" + std::to_string(uid); }, [] {}};
}

BuiltSnapshot Build(const Reading& reading, const std::vector<ConnectionReading>& closed,
                    const SnapshotRules& rules, const UserNaming& users) {
  ExcludedTraffic excluded;
  return BuildSnapshot(reading, closed, rules, users, excluded);
}

Traffic TrafficOf(const Snapshot& snapshot, const std::string& user, std::size_t network,
                  Protocol protocol) {
  for (const UserTraffic& row : snapshot.user_traffic) {
    if (snapshot.users[row.user].name == user && row.network == network &&
        row.protocol == protocol) {
      return row.traffic;
    }
  }
  FAIL("no row for " << user);
  return {};
}

}  // namespace

TEST_CASE("accounts become rows of named users", "[snapshot_builder]") {
  Reading reading;
  reading.accounts.accounts = {Account(1000, 1, Protocol::kTcp, {1, 2, 3, 4}),
                               Account(7, 0, Protocol::kUdp, {5, 6, 7, 8})};
  const Snapshot snapshot = Build(reading, {}, TwoNetworks(), PlainNames()).snapshot;
  REQUIRE(snapshot.users == std::vector<User>{{7, "user7"}, {1000, "user1000"}});
  CHECK(TrafficOf(snapshot, "user1000", 1, Protocol::kTcp) == Traffic{1, 2, 3, 4});
  CHECK(TrafficOf(snapshot, "user7", 0, Protocol::kUdp) == Traffic{5, 6, 7, 8});
}

TEST_CASE("a user has a zero row for each network of a protocol in use", "[snapshot_builder]") {
  Reading reading;
  reading.accounts.accounts = {Account(1000, 1, Protocol::kTcp, {1, 2, 3, 4})};
  const Snapshot snapshot = Build(reading, {}, TwoNetworks(), PlainNames()).snapshot;
  CHECK(snapshot.user_traffic.size() == 2);
  CHECK(TrafficOf(snapshot, "user1000", 0, Protocol::kTcp) == Traffic{});
  CHECK(snapshot.user_retransmits.size() == 2);
}

TEST_CASE("excluded users are summed and shown nowhere else", "[snapshot_builder]") {
  Reading reading;
  reading.accounts.accounts = {Account(0, 0, Protocol::kTcp, {1, 2, 3, 4}),
                               Account(0, 1, Protocol::kUdp, {10, 20, 30, 40}),
                               Account(5, 1, Protocol::kUdp, {100, 200, 300, 400})};
  reading.sockets = {TcpConnection(0, 1, 10), TcpConnection(5, 2, 10)};
  reading.xdp_users = {{0, 0, 1, 1}, {5, 0, 2, 2}};
  SnapshotRules rules = TwoNetworks();
  rules.excluded_uids = {0};
  const Snapshot snapshot = Build(reading, {TcpConnection(0, 3, 1)}, rules, PlainNames()).snapshot;
  CHECK(snapshot.excluded == Traffic{11, 22, 33, 44});
  CHECK(snapshot.users == std::vector<User>{{5, "user5"}});
  CHECK(snapshot.connections.size() == 1);
  CHECK(snapshot.user_xdp.size() == 1);
}

TEST_CASE("no counter goes back when a user is excluded for a while", "[snapshot_builder]") {
  SnapshotRules rules = TwoNetworks();
  ExcludedTraffic excluded;
  const auto built = [&](std::uint64_t bytes, bool exclude) {
    Reading reading;
    reading.accounts.accounts = {Account(5, 1, Protocol::kTcp, {bytes, bytes, 1, 1}),
                                 Account(6, 1, Protocol::kTcp, {7, 7, 7, 7})};
    rules.excluded_uids.clear();
    if (exclude) {
      rules.excluded_uids.insert(5);
    }
    return BuildSnapshot(reading, {}, rules, PlainNames(), excluded).snapshot;
  };
  CHECK(TrafficOf(built(10, false), "user5", 1, Protocol::kTcp).receive_bytes == 10);
  CHECK(built(20, true).excluded.receive_bytes == 20);
  CHECK(built(30, true).excluded.receive_bytes == 30);

  const Snapshot back = built(35, false);
  CHECK(back.excluded == Traffic{30, 30, 1, 1});
  CHECK(TrafficOf(back, "user5", 1, Protocol::kTcp) == Traffic{5, 5, 0, 0});
  CHECK(TrafficOf(back, "user6", 1, Protocol::kTcp) == Traffic{7, 7, 7, 7});
  CHECK(built(40, true).excluded.receive_bytes == 40);
}

TEST_CASE("sub-uids are reported under the user they belong to", "[snapshot_builder]") {
  Reading reading;
  reading.accounts.accounts = {Account(1000, 0, Protocol::kTcp, {1, 1, 1, 1}),
                               Account(100005, 0, Protocol::kTcp, {2, 2, 2, 2})};
  reading.sockets = {TcpConnection(100005, 1, 10)};
  UserNaming users = PlainNames();
  users.owner_of = [](std::uint32_t uid) { return uid >= 100000 ? 1000U : uid; };
  const Snapshot snapshot = Build(reading, {}, TwoNetworks(), users).snapshot;
  REQUIRE(snapshot.users.size() == 1);
  CHECK(TrafficOf(snapshot, "user1000", 0, Protocol::kTcp) == Traffic{3, 3, 3, 3});
  CHECK(snapshot.connections.at(0).user == 0);
}

TEST_CASE("totals of the host are passed on as they were read", "[snapshot_builder]") {
  Reading reading;
  reading.accounts.host.all = {1, 2, 3, 4};
  reading.accounts.host.no_socket = {5, 6, 7, 8};
  reading.accounts.host.table_full = {9, 10, 11, 12};
  reading.accounts.host.nested = {13, 14, 15, 16};
  reading.accounts.host.handovers = 13;
  const Snapshot snapshot = Build(reading, {}, TwoNetworks(), PlainNames()).snapshot;
  CHECK(snapshot.host == Traffic{1, 2, 3, 4});
  CHECK(snapshot.unattributed_no_socket == Traffic{5, 6, 7, 8});
  CHECK(snapshot.unattributed_table_full == Traffic{9, 10, 11, 12});
  CHECK(snapshot.unattributed_nested == Traffic{13, 14, 15, 16});
  CHECK(snapshot.connection_handovers == 13);
}

TEST_CASE("open sockets are counted, those without a peer are no connections",
          "[snapshot_builder]") {
  Reading reading;
  ConnectionReading server = TcpConnection(1000, 53, 0);
  server.protocol = Protocol::kUdp;
  server.has_peer = false;
  ConnectionReading flow = TcpConnection(1000, 53, 99);
  flow.protocol = Protocol::kUdp;
  reading.sockets = {TcpConnection(1000, 1, 10), TcpConnection(1000, 2, 20), server};
  reading.flows = {flow};
  const Snapshot snapshot = Build(reading, {}, TwoNetworks(), PlainNames()).snapshot;
  REQUIRE(snapshot.user_activity.size() == 2);
  CHECK(snapshot.user_activity[0].open_connections == 2);
  CHECK(snapshot.user_activity[1].open_connections == 1);
  CHECK(snapshot.connections_tracked == 3);
  REQUIRE(snapshot.connections.size() == 3);
  CHECK(snapshot.connections[0].traffic.receive_bytes == 99);
}

TEST_CASE("the series limit takes connections away, never users", "[snapshot_builder]") {
  Reading reading;
  for (std::uint32_t uid = 1; uid <= 10; ++uid) {
    reading.accounts.accounts.push_back(Account(uid, 0, Protocol::kTcp, {1, 1, 1, 1}));
    reading.sockets.push_back(TcpConnection(uid, 1, uid));
  }
  SnapshotRules rules = TwoNetworks();
  SECTION("room for some connections") {
    // 10 users: 2 networks x 4 + 6 + 2 = 16 series each
    rules.series_limit = 160 + 17;
    const BuiltSnapshot built = Build(reading, {}, rules, PlainNames());
    CHECK(built.snapshot.connections.size() == 3);
    CHECK(built.snapshot.connections[0].traffic.receive_bytes == 10);
    CHECK(built.dropped_series == 35);
    CHECK(built.snapshot.series == 160 + 15);
    CHECK(built.snapshot.series_limit == 160 + 17);
    CHECK(built.snapshot.user_traffic.size() == 20);
  }
  SECTION("no room at all") {
    rules.series_limit = 10;
    const BuiltSnapshot built = Build(reading, {}, rules, PlainNames());
    CHECK(built.snapshot.connections.empty());
    CHECK(built.snapshot.user_traffic.size() == 10);
    CHECK(built.snapshot.users.size() == 10);
  }
}

TEST_CASE("a command that fills its field is not read beyond it", "[snapshot_builder]") {
  Reading reading;
  reading.sockets = {TcpConnection(1, 1, 1)};
  reading.sockets[0].command.fill('x');
  const Snapshot snapshot = Build(reading, {}, TwoNetworks(), PlainNames()).snapshot;
  CHECK(snapshot.connections.at(0).command == std::string(16, 'x'));
}

}  // namespace pdtt
