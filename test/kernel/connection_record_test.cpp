// SPDX-License-Identifier: Apache-2.0
#include "bpf/connection_record.h"

#include <netinet/in.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <initializer_list>
#include <iterator>
#include <numeric>
#include <string>

#include "traffic_text.h"

namespace pdtt::test {
namespace {

pdtt_conn_key SampleKey() {
  pdtt_conn_key key{};
  std::iota(std::begin(key.local_addr), std::end(key.local_addr), std::uint8_t{1});
  std::iota(std::begin(key.remote_addr), std::end(key.remote_addr), std::uint8_t{101});
  key.local_port = 40'000;
  key.remote_port = 443;
  key.protocol = IPPROTO_TCP;
  return key;
}

void CheckEnds(const ConnectionReading& reading) {
  const pdtt_conn_key key = SampleKey();
  CHECK(std::equal(reading.local_address.begin(), reading.local_address.end(),
                   std::begin(key.local_addr)));
  CHECK(std::equal(reading.remote_address.begin(), reading.remote_address.end(),
                   std::begin(key.remote_addr)));
  CHECK(reading.local_port == 40'000);
  CHECK(reading.remote_port == 443);
}

pdtt_conn SampleConn() {
  pdtt_conn conn{};
  conn.traffic = {1, 2, 3, 4};
  conn.key = SampleKey();
  conn.start_ns = 5;
  conn.netns_cookie = 6;
  conn.uid = 7;
  conn.pid = 8;
  std::string{"sixteen letters!"}.copy(conn.comm, sizeof(conn.comm));
  conn.slot = 9;
  conn.home_slot = 10;
  conn.network = 11;
  conn.direction = PDTT_INBOUND;
  conn.flags = PDTT_CONN_RESOLVED | PDTT_CONN_OPEN;
  conn.protocol = PDTT_TCP;
  return conn;
}

TEST_CASE("A socket's record arrives field by field") {
  const ConnectionReading reading = ToConnection(SampleConn());
  CheckEnds(reading);
  CHECK(reading.uid == 7);
  CHECK(reading.network == 11);
  CHECK(reading.pid == 8);
  CHECK(reading.protocol == Protocol::kTcp);
  CHECK(reading.direction == Direction::kInbound);
  CHECK(reading.has_peer);
  CHECK(reading.start_ns == 5);
  CHECK(reading.traffic == Traffic{1, 2, 3, 4});
  // All 16 bytes: a name without its 0 must not be read beyond them.
  CHECK(std::string(reading.command.begin(), reading.command.end()) == "sixteen letters!");
}

TEST_CASE("A socket without one peer says so") {
  pdtt_conn conn = SampleConn();
  conn.flags = PDTT_CONN_OPEN | PDTT_CONN_OLDER | PDTT_CONN_COUNTED | PDTT_CONN_MOVER_SEEN;
  CHECK_FALSE(ToConnection(conn).has_peer);
}

TEST_CASE("Protocol and direction have the same values on both sides") {
  pdtt_conn conn = SampleConn();
  conn.direction = PDTT_OUTBOUND;
  CHECK(ToConnection(conn).direction == Direction::kOutbound);
  conn.protocol = PDTT_UDP;
  CHECK(ToConnection(conn).protocol == Protocol::kUdp);
  conn.protocol = PDTT_OTHER;
  CHECK(ToConnection(conn).protocol == Protocol::kOther);
}

TEST_CASE("What another version's programs may say is no trouble later") {
  pdtt_event event{};
  event.conn = SampleConn();
  event.conn.protocol = PDTT_OTHER + 1;
  event.conn.direction = PDTT_OUTBOUND + 1;
  event.reason = PDTT_CLOSED_ABORTED + 1;
  const ConnectionReading reading = ToConnection(event);
  CHECK(reading.protocol == Protocol::kOther);
  CHECK(reading.direction == Direction::kOutbound);
  CHECK(reading.reason == CloseReason::kClosed);
  CHECK(ToProtocol(256) == Protocol::kOther);  // not cut to the lowest byte
}

TEST_CASE("A time that can't be is one that a date can be made of") {
  pdtt_event event{};
  event.end_ns = GENERATE(~std::uint64_t{0}, std::uint64_t{1} << 63U);
  event.conn.start_ns = event.end_ns;
  const ConnectionReading reading = ToConnection(event);
  const auto year_2200 = std::chrono::system_clock::time_point{std::chrono::hours{24 * 365 * 230}};
  CHECK(reading.start_ns == reading.end_ns);
  CHECK(year_2200 - std::chrono::nanoseconds{reading.end_ns} > std::chrono::system_clock::now());
}

TEST_CASE("A flow's record arrives field by field, its user from the key") {
  pdtt_flow_key key{};
  key.conn = SampleKey();
  key.conn.protocol = IPPROTO_UDP;
  key.netns_cookie = 1;
  key.uid = 2;
  key.protocol = PDTT_UDP;
  pdtt_flow flow{};
  flow.traffic = {3, 4, 5, 6};
  flow.start_ns = 7;
  flow.last_ns = 8;
  flow.pid = 9;
  flow.slot = 10;
  flow.network = 11;
  flow.direction = PDTT_OUTBOUND;
  std::string{"dig"}.copy(flow.comm, sizeof(flow.comm));
  const ConnectionReading reading = ToConnection(key, flow);
  CheckEnds(reading);
  CHECK(reading.uid == 2);
  CHECK(reading.network == 11);
  CHECK(reading.pid == 9);
  CHECK(reading.protocol == Protocol::kUdp);
  CHECK(reading.direction == Direction::kOutbound);
  CHECK(reading.has_peer);
  CHECK(reading.start_ns == 7);
  CHECK(reading.traffic == Traffic{3, 4, 5, 6});
  CHECK(std::string{reading.command.data()} == "dig");
}

TEST_CASE("A raw socket's flow is other, whatever its packets carry") {
  for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{
           IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_GRE, IPPROTO_UDP}) {
    pdtt_flow_key key{};
    key.conn.protocol = protocol;
    key.protocol = PDTT_OTHER;
    CHECK(ToConnection(key, pdtt_flow{}).protocol == Protocol::kOther);
  }
}

}  // namespace
}  // namespace pdtt::test
