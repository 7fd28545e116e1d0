// SPDX-License-Identifier: Apache-2.0
// What one pass over the kernel's tables yields, before users have names and rows are merged.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "model/collect_stage.h"
#include "model/snapshot.h"
#include "model/traffic.h"

namespace pdtt {

/// Counters of one user, network class and protocol; several of the same add up.
struct AccountReading {
  std::uint32_t uid = 0;
  std::uint32_t network = 0;
  Protocol protocol = Protocol::kTcp;
  Traffic traffic;
  std::uint64_t socket_receive_bytes = 0;
  std::uint64_t socket_transmit_bytes = 0;
  std::uint64_t opened_inbound = 0;
  std::uint64_t opened_outbound = 0;
  std::uint64_t closed = 0;
  std::uint64_t retransmits = 0;
};

/// The host's totals and the part of them that belongs to no account.
struct HostReading {
  Traffic all;
  Traffic no_socket;
  Traffic table_full;
  Traffic nested;
  std::uint64_t handovers = 0;

  HostReading& operator+=(const HostReading& other) {
    all += other.all;
    no_socket += other.no_socket;
    table_full += other.table_full;
    nested += other.nested;
    handovers += other.handovers;
    return *this;
  }
};

struct AccountsReading {
  std::vector<AccountReading> accounts;
  HostReading host;
};

enum class CloseReason : std::uint8_t {
  kClosed,
  kByUs,
  kByPeer,
  kReset,
  kTimeout,
  kAborted,
  kIdle  ///< a flow of an unconnected socket that nothing moved over any more
};

/// An open socket, an unconnected socket's flow, or the last state of a closed connection.
struct ConnectionReading {
  std::uint32_t uid = 0;
  std::uint32_t network = 0;
  std::uint32_t pid = 0;
  Protocol protocol = Protocol::kTcp;
  Direction direction = Direction::kOutbound;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  bool has_peer = true;  ///< false: an unconnected socket, its traffic is in its flows
  IpAddress local_address{};
  IpAddress remote_address{};
  std::uint64_t start_ns = 0;  ///< CLOCK_BOOTTIME; tells connections on the same ports apart
  std::uint64_t end_ns = 0;    ///< CLOCK_BOOTTIME; 0: it is open
  CloseReason reason = CloseReason::kClosed;
  std::uint64_t retransmits = 0;  ///< TCP segments
  std::array<char, 16> command{};
  Traffic traffic;
};

struct XdpUserReading {
  std::uint32_t uid = 0;
  std::uint32_t interface = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
};

/// Since the last call: connections that ended, users that were seen for the first time.
struct EventsReading {
  std::vector<ConnectionReading> closed;
  std::vector<std::uint32_t> new_users;
  std::uint64_t position = 0;  ///< behind the last of them, for TrafficSource::CommitEvents()
};

struct Reading {
  std::chrono::system_clock::time_point boot_time;  ///< when CLOCK_BOOTTIME was zero
  CountingSince since;
  AccountsReading accounts;
  std::vector<ConnectionReading> sockets;
  std::vector<ConnectionReading> flows;
  std::vector<XdpUserReading> xdp_users;
  std::vector<XdpTotal> xdp_totals;
  std::vector<LayerStatus> layers;
  std::vector<ProgramStatus> programs;
  std::vector<MapStatus> maps;
  bool program_statistics = false;
  std::vector<CollectStage> failed_stages;  ///< parts that could not be read this time
};

}  // namespace pdtt
