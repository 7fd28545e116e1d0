// SPDX-License-Identifier: Apache-2.0
#include "collect/redaction.h"

#include <set>

#include <catch2/catch.hpp>

#include "collect/snapshot_builder.h"

namespace pdtt {
namespace {

IpAddress Ipv4(std::uint8_t third, std::uint8_t last) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, third, last};
}

/// Two users who are connected to the same address.
Snapshot Full() {
  Snapshot snapshot;
  snapshot.users = {{1000, "alice"}, {1001, "bob"}};
  snapshot.user_traffic = {{0, 0, Protocol::kTcp, {1, 2, 3, 4}}};
  for (std::size_t user = 0; user < 2; ++user) {
    Connection connection;
    connection.user = user;
    connection.local_address = Ipv4(2, 1);
    connection.remote_address = Ipv4(2, 7);
    connection.remote_port = 443;
    connection.pid = 42;
    connection.command = "alices-program";
    snapshot.connections.push_back(connection);
  }
  snapshot.connections_tracked = 9;
  snapshot.series = 100;
  return snapshot;
}

}  // namespace

TEST_CASE("nothing is taken out of a snapshot unless it is asked for", "[redaction]") {
  const Snapshot shown = Redacted(Full(), {}, Pseudonyms{});
  CHECK(shown.users == Full().users);
  CHECK(shown.connections.at(0).remote_address == Ipv4(2, 7));
  CHECK(shown.connections.at(0).command == "alices-program");
}

TEST_CASE("remote addresses are hidden, the rest of a connection stays", "[redaction]") {
  const Privacy privacy{.hide_remote_addresses = true};
  const Snapshot shown = Redacted(Full(), privacy, Pseudonyms{});
  CHECK(shown.privacy == privacy);
  REQUIRE(shown.connections.size() == 2);
  for (const Connection& connection : shown.connections) {
    CHECK(connection.remote_address != Ipv4(2, 7));
    CHECK(connection.local_address == Ipv4(2, 1));
    CHECK(connection.remote_port == 443);
  }
  CHECK(shown.connections[0].remote_address != shown.connections[1].remote_address);
  CHECK(shown.users == Full().users);
}

TEST_CASE("a pseudonym stays the same, and another run has others", "[redaction]") {
  const Pseudonyms pseudonyms;
  CHECK(pseudonyms.Of(1000, Ipv4(2, 7)) == pseudonyms.Of(1000, Ipv4(2, 7)));
  CHECK(pseudonyms.Of(1000, Ipv4(2, 7)) != Pseudonyms{}.Of(1000, Ipv4(2, 7)));
}

TEST_CASE("addresses and users never share a pseudonym", "[redaction]") {
  const Pseudonyms pseudonyms;
  std::set<IpAddress> seen;
  for (std::uint32_t uid = 1000; uid < 1003; ++uid) {
    for (int address = 0; address < 5000; ++address) {
      seen.insert(pseudonyms.Of(uid, Ipv4(static_cast<std::uint8_t>(address / 256),
                                          static_cast<std::uint8_t>(address % 256))));
    }
  }
  CHECK(seen.size() == 15'000);
}

TEST_CASE("connections are hidden, and the users' totals stay", "[redaction]") {
  const Snapshot shown = Redacted(Full(), {.hide_connections = true}, Pseudonyms{});
  CHECK(shown.connections.empty());
  CHECK(shown.connections_tracked == 9);
  CHECK(shown.series == 100 - 2 * kSeriesPerConnection);
  CHECK(shown.user_traffic.at(0).traffic == Traffic{1, 2, 3, 4});
}

TEST_CASE("uids alone tell neither names nor processes", "[redaction]") {
  const Snapshot shown = Redacted(Full(), {.uids_only = true}, Pseudonyms{});
  CHECK(shown.users == std::vector<User>{{1000, "1000"}, {1001, "1001"}});
  for (const Connection& connection : shown.connections) {
    CHECK(connection.pid == 0);
    CHECK(connection.command.empty());
    CHECK(connection.remote_address == Ipv4(2, 7));
  }
}

}  // namespace pdtt
