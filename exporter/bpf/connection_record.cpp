// SPDX-License-Identifier: Apache-2.0
#include "bpf/connection_record.h"

#include <algorithm>
#include <iterator>

namespace pdtt {
namespace {

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

ConnectionReading ToConnection(const pdtt_conn& conn) {
  ConnectionReading reading = FromKey(conn.key, conn.traffic);
  reading.uid = conn.uid;
  reading.network = conn.network;
  reading.pid = conn.pid;
  reading.protocol = static_cast<Protocol>(conn.protocol);
  reading.direction = static_cast<Direction>(conn.direction);
  reading.start_ns = conn.start_ns;
  reading.retransmits = conn.retransmits;
  reading.has_peer = (conn.flags & PDTT_CONN_RESOLVED) != 0;
  std::copy(std::begin(conn.comm), std::end(conn.comm), reading.command.begin());
  return reading;
}

ConnectionReading ToConnection(const pdtt_event& event) {
  ConnectionReading reading = ToConnection(event.conn);
  reading.end_ns = event.end_ns;
  reading.reason = static_cast<CloseReason>(event.reason);
  return reading;
}

ConnectionReading ToConnection(const pdtt_flow_key& key, const pdtt_flow& flow) {
  ConnectionReading reading = FromKey(key.conn, flow.traffic);
  reading.uid = key.uid;
  reading.network = flow.network;
  reading.pid = flow.pid;
  reading.protocol = static_cast<Protocol>(key.protocol);
  reading.direction = static_cast<Direction>(flow.direction);
  reading.start_ns = flow.start_ns;
  std::copy(std::begin(flow.comm), std::end(flow.comm), reading.command.begin());
  return reading;
}

}  // namespace pdtt
