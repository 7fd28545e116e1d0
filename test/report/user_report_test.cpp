// SPDX-License-Identifier: Apache-2.0
#include "report/user_report.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

#include "snapshots.h"

namespace pdtt {
namespace {

using test::AddConnection;
using test::AddUser;
using test::EmptySnapshot;

/// Local time for the time of a test.
class TimeZone {
 public:
  explicit TimeZone(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
  ~TimeZone() {
    unsetenv("TZ");
    tzset();
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;
};

constexpr Traffic kDownload = {5240832, 2048, 3600, 20};

TEST_CASE("A report has the total and each connection, in local time") {
  const TimeZone zone{"TST-2"};
  Snapshot snapshot = EmptySnapshot();
  AddConnection(snapshot, AddUser(snapshot, 1000, "john", kDownload), 54321, kDownload);
  const std::vector<UserReport> reports = UserReports(snapshot, nullptr);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].user == 0);
  CHECK(reports[0].text ==
        "=== Network Statistics Report [2025-01-15 12:30:00] ===\n"
        "UID: 1000 | Username: john\n"
        "Process: curl (PID: 12345)\n"
        "  Total: 5242880 bytes\n"
        "---\n"
        "\n"
        "=== Per-Connection Statistics [2025-01-15 12:30:00] ===\n"
        "UID: 1000 | Username: john\n"
        "Process: curl (PID: 12345)\n"
        "  Source: 192.168.1.100:54321\n"
        "  Destination: 93.184.216.34:443\n"
        "  TX: 2048 bytes (20 packets)\n"
        "  RX: 5240832 bytes (3600 packets)\n"
        "  Total: 5242880 bytes\n"
        "---\n"
        "\n");
}

TEST_CASE("IPv6 addresses stand in brackets") {
  Snapshot snapshot = EmptySnapshot();
  Connection& connection =
      AddConnection(snapshot, AddUser(snapshot, 1000, "john", kDownload), 54321, kDownload);
  connection.local_address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  connection.remote_address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const std::string text = UserReports(snapshot, nullptr).at(0).text;
  CHECK_THAT(text, Catch::Contains("  Source: [2001:db8::1]:54321\n"));
  CHECK_THAT(text, Catch::Contains("  Destination: [::1]:443\n"));
}

TEST_CASE("Only users and connections that moved something are reported") {
  Snapshot before = EmptySnapshot();
  const std::size_t idle = AddUser(before, 1, "idle", {10, 10, 1, 1});
  const std::size_t busy = AddUser(before, 2, "busy", {10, 10, 1, 1});
  AddConnection(before, idle, 1, {10, 10, 1, 1});
  AddConnection(before, busy, 2, {10, 10, 1, 1});
  AddConnection(before, busy, 3, {5, 5, 1, 1});
  Snapshot now = before;
  now.user_traffic.at(busy).traffic.receive_bytes = 17;
  now.connections.at(2).traffic.receive_bytes = 12;
  CHECK(UserReports(before, nullptr).size() == 2);
  CHECK(UserReports(before, &before).empty());
  const std::vector<UserReport> reports = UserReports(now, &before);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].user == busy);
  CHECK_THAT(reports[0].text, Catch::Contains("  Total: 27 bytes\n"));
  CHECK_THAT(reports[0].text, Catch::Contains(":3\n"));
  CHECK_THAT(reports[0].text, !Catch::Contains(":2\n"));
}

TEST_CASE("A user's total is over all networks and protocols") {
  Snapshot snapshot = EmptySnapshot();
  const std::size_t user = AddUser(snapshot, 1, "john", {1, 2, 1, 1});
  snapshot.user_traffic.push_back({user, 0, Protocol::kTcp, {10, 20, 1, 1}});
  snapshot.user_traffic.push_back({user, 1, Protocol::kUdp, {100, 200, 1, 1}});
  CHECK_THAT(UserReports(snapshot, nullptr).at(0).text, Catch::Contains("  Total: 333 bytes\n"));
}

TEST_CASE("The process is that of the connection that moved most since the last report") {
  Snapshot before = EmptySnapshot();
  const std::size_t user = AddUser(before, 1, "john", {1000, 0, 1, 0});
  AddConnection(before, user, 1, {1000, 0, 1, 0}).command = "old";
  Snapshot now = before;
  now.user_traffic.at(0).traffic.receive_bytes = 1111;
  now.connections.at(0).traffic.receive_bytes = 1001;
  AddConnection(now, user, 2, {10, 0, 1, 0}).command = "small";
  AddConnection(now, user, 3, {100, 0, 1, 0}).command = "large";
  SECTION("among others") {
    CHECK_THAT(UserReports(now, &before).at(0).text,
               Catch::Contains("Process: large (PID: 12345)\n  Total: 1111 bytes\n"));
  }
  SECTION("on ports that another connection had before") {
    now.connections.at(0).traffic.receive_bytes = 200;
    now.connections.at(0).command = "next";
    CHECK_THAT(UserReports(now, &before).at(0).text,
               Catch::Contains("Process: next (PID: 12345)\n  Total: 1111 bytes\n"));
  }
  SECTION("unless none of the user's is among the busiest of the host") {
    now.connections.clear();
    CHECK_THAT(UserReports(now, &before).at(0).text,
               Catch::Contains("Process: unknown (PID: 0)\n  Total: 1111 bytes\n"));
  }
}

TEST_CASE("Users keep their numbers when others come before them") {
  Snapshot before = EmptySnapshot();
  AddConnection(before, AddUser(before, 5, "john", {10, 0, 1, 0}), 1, {10, 0, 1, 0});
  Snapshot now = EmptySnapshot();
  AddUser(now, 4, "new", {1, 0, 1, 0});
  AddConnection(now, AddUser(now, 5, "john", {10, 0, 1, 0}), 1, {10, 0, 1, 0});
  const std::vector<UserReport> reports = UserReports(now, &before);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].user == 0);
}

TEST_CASE("Names can't forge lines or reach the terminal") {
  Snapshot snapshot = EmptySnapshot();
  const std::size_t user = AddUser(snapshot, 1, "a\nTotal: 1\x1b[2J\xc2\x9b\xff", kDownload);
  AddConnection(snapshot, user, 1, kDownload).command = "b\n---\x7f";
  const std::string text = UserReports(snapshot, nullptr).at(0).text;
  CHECK_THAT(text, Catch::Contains("Username: a?Total: 1?[2J\xc2\xa0\xef\xbf\xbd\n"));
  CHECK_THAT(text, Catch::Contains("Process: b?---? (PID: 12345)\n"));
}

}  // namespace
}  // namespace pdtt
