// SPDX-License-Identifier: Apache-2.0
#include "report/record.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "finished.h"

namespace pdtt {
namespace {

using test::Finished;

const auto boot = std::chrono::system_clock::time_point{std::chrono::seconds{1736937000}};

nlohmann::json Parsed(const FinishedConnection& finished, const std::string& user = "john") {
  return nlohmann::json::parse(ToRecord(finished, user, boot).line);
}

TEST_CASE("A record is one line with everything about the connection") {
  FinishedConnection finished = Finished(54321, 5240832);
  finished.connection.retransmits = 7;
  finished.connection.end_ns = 2'500'000'999;
  const Record record = ToRecord(finished, "john", boot);
  CHECK(record.line ==
        R"({"id":"3b9aca00-9502fce7-tcp-192.168.1.100-54321-93.184.216.34-443",)"
        R"("start":"2025-01-15T10:30:01.000000Z","end":"2025-01-15T10:30:02.500000Z",)"
        R"("user":"john","uid":1000,"pid":12345,"command":"curl","direction":"outbound",)"
        R"("protocol":"tcp","local_address":"192.168.1.100","local_port":54321,)"
        R"("remote_address":"93.184.216.34","remote_port":443,"network":"internet",)"
        R"("receive_bytes":5240832,"transmit_bytes":50,"receive_packets":3,)"
        R"("transmit_packets":2,"retransmitted_segments":7,"close_reason":"peer"})"
        "\n");
  CHECK(record.line.starts_with(std::string{kRecordStart} + record.id + '"'));
  CHECK(record.uid == 1000);
  CHECK(record.user == "john");
}

TEST_CASE("The id tells connections apart and is the same each time") {
  const Record record = ToRecord(Finished(1), "john", boot);
  CHECK(ToRecord(Finished(1), "1000", boot + std::chrono::seconds{5}).id == record.id);
  FinishedConnection other = Finished(1);
  SECTION("by the start") {
    other.connection.start_ns += 1;
  }
  SECTION("by the end: a socket can have the same peer twice") {
    other.connection.end_ns += 1;
  }
  SECTION("by the protocol") {
    other.connection.protocol = Protocol::kUdp;
  }
  SECTION("by the local port") {
    other.connection.local_port = 2;
  }
  SECTION("by the remote port") {
    other.connection.remote_port = 2;
  }
  SECTION("by the local address") {
    other.connection.local_address[15] += 1;
  }
  SECTION("by the remote address") {
    other.connection.remote_address[0] = 0x20;
  }
  CHECK(ToRecord(other, "john", boot).id != record.id);
}

TEST_CASE("Every reason has its word") {
  const auto [reason, word] = GENERATE(table<CloseReason, std::string>({
      {CloseReason::kClosed, "closed"},
      {CloseReason::kByUs, "local"},
      {CloseReason::kByPeer, "peer"},
      {CloseReason::kReset, "reset"},
      {CloseReason::kTimeout, "timeout"},
      {CloseReason::kAborted, "aborted"},
      {CloseReason::kIdle, "idle"},
  }));
  FinishedConnection finished = Finished(1);
  finished.connection.reason = reason;
  CHECK(Parsed(finished)["close_reason"] == word);
}

TEST_CASE("Fractions of a second keep their leading zeros") {
  FinishedConnection finished = Finished(1);
  finished.connection.start_ns = 42'000;
  CHECK(Parsed(finished)["start"] == "2025-01-15T10:30:00.000042Z");
}

TEST_CASE("Whatever is in a name, the record is one line of JSON") {
  FinishedConnection finished = Finished(1);
  finished.connection.command = {'"', '\n', '\\', '\xff', '\x1b', 'a', 'a', 'a',
                                 'a', 'a',  'a',  'a',    'a',    'a', 'a', 'a'};
  const std::string line = ToRecord(finished, "x\n\"}\xfe", boot).line;
  CHECK(line.find('\n') == line.size() - 1);
  const auto json = nlohmann::json::parse(line);
  CHECK(json["command"] ==
        "\"\n\\\xef\xbf\xbd\x1b"
        "aaaaaaaaaaa");
  CHECK(json["user"] == "x\n\"}\xef\xbf\xbd");
}

TEST_CASE("Counts keep all their 64 bits") {
  FinishedConnection finished = Finished(1, 18'446'744'073'709'551'615U);
  CHECK(Parsed(finished)["receive_bytes"] == 18'446'744'073'709'551'615U);
}

}  // namespace
}  // namespace pdtt
