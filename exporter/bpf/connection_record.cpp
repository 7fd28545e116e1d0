// SPDX-License-Identifier: Apache-2.0
#include "bpf/connection_record.h"

#include <algorithm>
#include <iterator>

namespace pdtt {
namespace {

// As ToProtocol(), for the same reason.

Direction ToDirection(std::uint32_t direction) {
  return direction == PDTT_INBOUND ? Direction::kInbound : Direction::kOutbound;
}

CloseReason ToCloseReason(std::uint32_t reason) {
  return reason <= PDTT_CLOSED_ABORTED ? static_cast<CloseReason>(reason) : CloseReason::kClosed;
}

// A century after the start: what is later is damaged, and added to the date would overflow.
std::uint64_t ToTime(std::uint64_t boot_ns) {
  constexpr std::uint64_t kLatest = 3'155'760'000'000'000'000;
  return std::min(boot_ns, kLatest);
}

ConnectionReading FromKey(const pdtt_conn_key& key, const pdtt_traffic& traffic) {
  ConnectionReading reading;
  reading.local_port = key.local_port;
  reading.remote_port = key.remote_port;
  std::copy(std::begin(key.local_addr), std::end(key.local_addr), reading.local_address.begin());
  std::copy(std::begin(key.remote_addr), std::end(key.remote_addr), reading.remote_address.begin());
  reading.traffic = {traffic.rx_bytes, traffic.tx_bytes, traffic.rx_packets, traffic.tx_packets};
  return reading;
}

}  // namespace

Protocol ToProtocol(std::uint32_t protocol) {
  return protocol <= PDTT_OTHER ? static_cast<Protocol>(protocol) : Protocol::kOther;
}

ConnectionReading ToConnection(const pdtt_conn& conn) {
  ConnectionReading reading = FromKey(conn.key, conn.traffic);
  reading.uid = conn.uid;
  reading.network = conn.network;
  reading.pid = conn.pid;
  reading.protocol = ToProtocol(conn.protocol);
  reading.direction = ToDirection(conn.direction);
  reading.start_ns = ToTime(conn.start_ns);
  reading.retransmits = conn.retransmits;
  reading.has_peer = (conn.flags & PDTT_CONN_RESOLVED) != 0;
  std::copy(std::begin(conn.comm), std::end(conn.comm), reading.command.begin());
  return reading;
}

ConnectionReading ToConnection(const pdtt_event& event) {
  ConnectionReading reading = ToConnection(event.conn);
  reading.end_ns = ToTime(event.end_ns);
  reading.reason = ToCloseReason(event.reason);
  return reading;
}

ConnectionReading ToConnection(const pdtt_flow_key& key, const pdtt_flow& flow) {
  ConnectionReading reading = FromKey(key.conn, flow.traffic);
  reading.uid = key.uid;
  reading.network = flow.network;
  reading.pid = flow.pid;
  reading.protocol = ToProtocol(key.protocol);
  reading.direction = ToDirection(flow.direction);
  reading.start_ns = ToTime(flow.start_ns);
  std::copy(std::begin(flow.comm), std::end(flow.comm), reading.command.begin());
  return reading;
}

}  // namespace pdtt
