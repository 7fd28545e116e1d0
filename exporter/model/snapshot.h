// SPDX-License-Identifier: Apache-2.0
// One consistent picture of all counters. Built by the collector, immutable once published.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/privacy.h"
#include "model/traffic.h"

namespace pdtt {

struct User {
  std::uint32_t uid = 0;
  std::string name;  ///< the uid in decimal where no name is known

  bool operator==(const User&) const = default;
};

/// Cgroup layer: IP bytes as on the wire, for one user, network class and protocol.
struct UserTraffic {
  std::size_t user = 0;     ///< index into Snapshot::users
  std::size_t network = 0;  ///< index into Snapshot::networks
  Protocol protocol = Protocol::kTcp;
  Traffic traffic;
};

/// What is counted for one user and protocol whatever the network.
struct UserActivity {
  std::size_t user = 0;
  Protocol protocol = Protocol::kTcp;
  std::uint64_t open_connections = 0;
  std::uint64_t opened_inbound = 0;
  std::uint64_t opened_outbound = 0;
  std::uint64_t closed = 0;
  std::uint64_t socket_receive_bytes = 0;   ///< socket layer, payload
  std::uint64_t socket_transmit_bytes = 0;  ///< socket layer, payload
};

/// TCP segments sent again for one user and network class.
struct UserRetransmits {
  std::size_t user = 0;
  std::size_t network = 0;
  std::uint64_t segments = 0;
};

/// XDP layer: Ethernet frame bytes of known connections, for one user and interface.
struct UserXdpTraffic {
  std::size_t user = 0;
  std::size_t interface = 0;  ///< index into Snapshot::interfaces
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
};

enum class XdpResult : std::uint8_t {
  kAttributed,
  kUnknownConnection,
  kNotIp,
  kFragment,
  kMalformed
};
inline constexpr std::size_t kXdpResults = 5;

/// XDP layer: every frame of one interface by what became of it.
struct XdpTotal {
  std::size_t interface = 0;
  XdpResult result = XdpResult::kAttributed;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
};

/// One connection, or one flow of an unconnected socket; IP bytes as on the wire.
struct Connection {
  std::size_t user = 0;
  std::size_t network = 0;
  Protocol protocol = Protocol::kTcp;
  Direction direction = Direction::kOutbound;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  IpAddress local_address{};
  IpAddress remote_address{};
  std::uint32_t pid = 0;
  std::string command;
  std::chrono::system_clock::time_point start;  ///< of counting it
  Traffic traffic;
};

enum class Layer : std::uint8_t { kXdp, kSockops, kCgroup, kSocket };
inline constexpr std::size_t kLayers = 4;

struct LayerStatus {
  Layer layer = Layer::kCgroup;
  bool up = false;
  std::string mode = "off";  ///< native, generic, tracepoint, fentry, kprobe, attached or off
  std::string reason;        ///< why the layer is in this state, in plain words; empty when up
  std::string remedy;        ///< what to do about it; may be empty
};

struct ProgramStatus {
  std::string name;
  bool attached = false;
  std::uint64_t run_time_ns = 0;  ///< 0 unless kernel.bpf_stats_enabled is on
  std::uint64_t runs = 0;         ///< 0 unless kernel.bpf_stats_enabled is on
};

struct MapStatus {
  std::string name;
  std::optional<std::uint64_t> entries;   ///< unset where they can't be counted
  std::optional<std::uint64_t> capacity;  ///< unset where there is no limit
  std::uint64_t insert_failures = 0;
};

/// When counters began to count; zero: that is not known.
struct CountingSince {
  std::chrono::system_clock::time_point accounts;     ///< and the host's totals
  std::chrono::system_clock::time_point xdp_users;    ///< Snapshot::user_xdp
  std::chrono::system_clock::time_point xdp_results;  ///< Snapshot::xdp_totals
};

struct Snapshot {
  std::chrono::system_clock::time_point time;
  std::chrono::steady_clock::time_point steady_time;
  std::chrono::nanoseconds collect_duration{};
  CountingSince since;
  Privacy privacy;  ///< what was left out, or stands here under another name

  std::vector<std::string> networks;    ///< names of the network classes
  std::vector<std::string> interfaces;  ///< names of the interfaces XDP is attached to
  std::vector<User> users;              ///< every user that a row below points to

  std::vector<UserTraffic> user_traffic;
  std::vector<UserActivity> user_activity;
  std::vector<UserRetransmits> user_retransmits;
  std::vector<UserXdpTraffic> user_xdp;
  std::vector<XdpTotal> xdp_totals;
  std::vector<Connection> connections;  ///< the busiest, at most connections.export

  Traffic host;                    ///< everything the cgroup hooks saw, counted on its own
  Traffic excluded;                ///< users in users.exclude, summed
  Traffic unattributed_no_socket;  ///< packets without a full socket
  Traffic unattributed_table_full;
  Traffic unattributed_nested;  ///< inside rootless containers, whose outer sockets count it

  std::size_t series = 0;        ///< of users and connections, as limits.series counts them
  std::size_t series_limit = 0;  ///< limits.series

  std::uint64_t connections_tracked = 0;
  std::uint64_t connection_handovers = 0;
  bool program_statistics = false;  ///< kernel.bpf_stats_enabled

  std::vector<LayerStatus> layers;
  std::vector<ProgramStatus> programs;
  std::vector<MapStatus> maps;
};

}  // namespace pdtt
