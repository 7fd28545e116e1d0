// SPDX-License-Identifier: Apache-2.0
#include "sample_snapshot.h"

#include <chrono>

namespace pdtt {
namespace {

constexpr IpAddress kDocumentationIpv6 = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
                                          0,    0,    0,    0,    0, 0, 0, 1};

std::chrono::system_clock::time_point At(std::int64_t unix_ms) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(unix_ms));
}

void AddUsers(Snapshot& snapshot) {
  snapshot.networks = {"private", "internet"};
  snapshot.interfaces = {"eth0"};
  snapshot.users = {{1000, "alice"}, {1001, "b\"o\\b\n\xFF"}};
  snapshot.user_traffic = {{0, 0, Protocol::kTcp, {1, 2, 3, 4}},
                           {0, 1, Protocol::kUdp, {5, 6, 7, 8}},
                           {1, 0, Protocol::kOther, {9, 10, 11, 12}}};
  snapshot.user_activity = {{0, Protocol::kTcp, 13, 14, 15, 16, 17, 18},
                            {1, Protocol::kUdp, 19, 20, 21, 22, 23, 24}};
  snapshot.user_retransmits = {{0, 1, 25}};
  snapshot.excluded = {26, 27, 0, 0};
  snapshot.unattributed_no_socket = {28, 29, 0, 0};
  snapshot.unattributed_table_full = {30, 31, 0, 0};
  snapshot.unattributed_nested = {32, 33, 0, 0};
  snapshot.host = {32, 33, 0, 0};
  snapshot.user_xdp = {{0, 0, 34, 35}};
  snapshot.xdp_totals = {{0, XdpResult::kAttributed, 36, 37},
                         {0, XdpResult::kUnknownConnection, 38, 39},
                         {0, XdpResult::kNotIp, 40, 41},
                         {0, XdpResult::kFragment, 42, 43},
                         {0, XdpResult::kMalformed, 44, 45}};
}

void AddConnections(Snapshot& snapshot) {
  Connection scp;
  scp.user = 0;
  scp.network = 0;
  scp.direction = Direction::kInbound;
  scp.local_address = Ipv4(1);
  scp.local_port = 22;
  scp.remote_address = Ipv4(2);
  scp.remote_port = 50000;
  scp.pid = 4242;
  scp.command = "sshd";
  scp.start = At(1'699'999'000'125);
  scp.traffic = {46, 47, 48, 49};
  Connection quic;
  quic.user = 1;
  quic.network = 1;
  quic.protocol = Protocol::kUdp;
  quic.local_address = kDocumentationIpv6;
  quic.local_port = 40000;
  quic.remote_address = kDocumentationIpv6;
  quic.remote_port = 443;
  quic.pid = 4243;
  quic.command = "c\"url";
  quic.start = At(1'699'999'000'000);
  quic.traffic = {50, 51, 52, 53};
  snapshot.connections = {scp, quic};
  snapshot.series = 59;
  snapshot.series_limit = 20'000;
  snapshot.connections_tracked = 54;
  snapshot.connection_handovers = 55;
}

void AddExporter(Snapshot& snapshot) {
  snapshot.time = At(1'700'000'000'250);
  snapshot.since = {.accounts = At(1'699'000'000'001),
                    .xdp_users = At(1'699'000'000'020),
                    .xdp_results = At(1'699'000'000'300)};
  snapshot.collect_duration = std::chrono::microseconds(1'500);
  snapshot.layers = {{Layer::kXdp, false, "off", "no interface is configured", ""},
                     {Layer::kSockops, true, "attached", "", ""},
                     {Layer::kCgroup, true, "attached", "", ""},
                     {Layer::kSocket, true, "tracepoint", "", ""}};
  snapshot.program_statistics = true;
  snapshot.programs = {{"cgroup_skb_ingress", true, 2'500'000'000, 56},
                       {"xdp_tracker", false, 0, 0}};
  snapshot.maps = {{"account_map", 57, 4096, 58}};
}

}  // namespace

Snapshot SampleSnapshot() {
  Snapshot snapshot;
  AddUsers(snapshot);
  AddConnections(snapshot);
  AddExporter(snapshot);
  return snapshot;
}

IpAddress Ipv4(std::uint8_t last) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, last};
}

}  // namespace pdtt
