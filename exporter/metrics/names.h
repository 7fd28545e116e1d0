// SPDX-License-Identifier: Apache-2.0
// Every metric family of the exporter: name, type, help text and labels, in one table.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>

namespace pdtt {

enum class MetricType : std::uint8_t { kCounter, kGauge };

struct FamilySpec {
  std::string_view name;
  MetricType type;
  std::string_view help;  ///< one line, no backslash: it goes out unescaped
  std::span<const std::string_view> labels;
};

using LabelNames = std::span<const std::string_view>;

namespace labels {
inline constexpr auto kUserNetworkProtocol =
    std::to_array<std::string_view>({"uid", "user", "network", "protocol"});
inline constexpr auto kUserProtocol = std::to_array<std::string_view>({"uid", "user", "protocol"});
inline constexpr auto kUserProtocolDirection =
    std::to_array<std::string_view>({"uid", "user", "protocol", "direction"});
inline constexpr auto kUserNetwork = std::to_array<std::string_view>({"uid", "user", "network"});
inline constexpr auto kUserInterface =
    std::to_array<std::string_view>({"uid", "user", "interface"});
inline constexpr auto kInterfaceResult = std::to_array<std::string_view>({"interface", "result"});
inline constexpr auto kConnection =
    std::to_array<std::string_view>({"uid", "user", "protocol", "local_address", "local_port",
                                     "remote_address", "remote_port", "network"});
inline constexpr auto kConnectionInfo = std::to_array<std::string_view>(
    {"uid", "user", "protocol", "local_address", "local_port", "remote_address", "remote_port",
     "network", "pid", "command", "direction"});
inline constexpr auto kReason = std::to_array<std::string_view>({"reason"});
inline constexpr auto kLayer = std::to_array<std::string_view>({"layer"});
inline constexpr auto kLayerInfo = std::to_array<std::string_view>({"layer", "mode", "reason"});
inline constexpr auto kProgram = std::to_array<std::string_view>({"program"});
inline constexpr auto kMap = std::to_array<std::string_view>({"map"});
inline constexpr auto kStage = std::to_array<std::string_view>({"stage"});
inline constexpr auto kBuild = std::to_array<std::string_view>({"version", "revision"});
}  // namespace labels

inline constexpr auto kFamilies = std::to_array<FamilySpec>({
    // Users: the cgroup layer.
    {"pdtt_user_receive_bytes_total", MetricType::kCounter,
     "Cgroup layer: IP bytes as on the wire received by a user's sockets.",
     labels::kUserNetworkProtocol},
    {"pdtt_user_transmit_bytes_total", MetricType::kCounter,
     "Cgroup layer: IP bytes as on the wire sent by a user's sockets.",
     labels::kUserNetworkProtocol},
    {"pdtt_user_receive_packets_total", MetricType::kCounter,
     "Cgroup layer: IP packets as on the wire received by a user's sockets.",
     labels::kUserNetworkProtocol},
    {"pdtt_user_transmit_packets_total", MetricType::kCounter,
     "Cgroup layer: IP packets as on the wire sent by a user's sockets.",
     labels::kUserNetworkProtocol},
    {"pdtt_user_connections", MetricType::kGauge,
     "Sockops layer for TCP, cgroup layer for the rest: a user's connections and flows open now "
     "(no "
     "bytes).",
     labels::kUserProtocol},
    {"pdtt_user_connections_opened_total", MetricType::kCounter,
     "Sockops layer for TCP, cgroup layer for the rest: connections and flows a user opened, "
     "accepted "
     "or took over (no bytes).",
     labels::kUserProtocolDirection},
    {"pdtt_user_connections_closed_total", MetricType::kCounter,
     "Sockops layer for TCP, cgroup layer for the rest: a user's connections and flows that ended "
     "or "
     "were handed over (no bytes).",
     labels::kUserProtocol},
    {"pdtt_user_tcp_retransmitted_segments_total", MetricType::kCounter,
     "Sockops layer: TCP segments a user's connections sent again; their IP bytes are in "
     "pdtt_user_transmit_bytes_total too.",
     labels::kUserNetwork},
    {"pdtt_excluded_receive_bytes_total",
     MetricType::kCounter,
     "Cgroup layer: IP bytes as on the wire received by all users in users.exclude together.",
     {}},
    {"pdtt_excluded_transmit_bytes_total",
     MetricType::kCounter,
     "Cgroup layer: IP bytes as on the wire sent by all users in users.exclude together.",
     {}},
    {"pdtt_unattributed_receive_bytes_total", MetricType::kCounter,
     "Cgroup layer: IP bytes as on the wire received that belong to no user.", labels::kReason},
    {"pdtt_unattributed_transmit_bytes_total", MetricType::kCounter,
     "Cgroup layer: IP bytes as on the wire sent that belong to no user.", labels::kReason},
    {"pdtt_host_receive_bytes_total",
     MetricType::kCounter,
     "Cgroup layer: all IP bytes as on the wire received that the hooks saw, counted on their own.",
     {}},
    {"pdtt_host_transmit_bytes_total",
     MetricType::kCounter,
     "Cgroup layer: all IP bytes as on the wire sent that the hooks saw, counted on their own.",
     {}},

    // The verification layers.
    {"pdtt_user_xdp_receive_bytes_total", MetricType::kCounter,
     "XDP layer: Ethernet frame bytes received on an interface for a user's connections.",
     labels::kUserInterface},
    {"pdtt_user_xdp_receive_packets_total", MetricType::kCounter,
     "XDP layer: Ethernet frames received on an interface for a user's connections.",
     labels::kUserInterface},
    {"pdtt_xdp_receive_bytes_total", MetricType::kCounter,
     "XDP layer: bytes of all Ethernet frames received on an interface, by what became of them.",
     labels::kInterfaceResult},
    {"pdtt_xdp_receive_packets_total", MetricType::kCounter,
     "XDP layer: all Ethernet frames received on an interface, by what became of them.",
     labels::kInterfaceResult},
    {"pdtt_user_socket_receive_bytes_total", MetricType::kCounter,
     "Socket layer: payload bytes that a user's processes read from sockets.",
     labels::kUserProtocol},
    {"pdtt_user_socket_transmit_bytes_total", MetricType::kCounter,
     "Socket layer: payload bytes that a user's processes wrote to sockets.",
     labels::kUserProtocol},

    // Connections: the cgroup layer again, the busiest only.
    {"pdtt_connection_receive_bytes_total", MetricType::kCounter,
     "Cgroup layer: IP bytes as on the wire received by one of the busiest connections.",
     labels::kConnection},
    {"pdtt_connection_transmit_bytes_total", MetricType::kCounter,
     "Cgroup layer: IP bytes as on the wire sent by one of the busiest connections.",
     labels::kConnection},
    {"pdtt_connection_receive_packets_total", MetricType::kCounter,
     "Cgroup layer: IP packets as on the wire received by one of the busiest connections.",
     labels::kConnection},
    {"pdtt_connection_transmit_packets_total", MetricType::kCounter,
     "Cgroup layer: IP packets as on the wire sent by one of the busiest connections.",
     labels::kConnection},
    {"pdtt_connection_info", MetricType::kGauge,
     "Cgroup layer: 1 for each exported connection, with its process and who opened it (no bytes).",
     labels::kConnectionInfo},
    {"pdtt_connections_tracked",
     MetricType::kGauge,
     "Cgroup layer: connections and UDP flows the exporter holds counters for (no bytes).",
     {}},
    {"pdtt_connections_exported",
     MetricType::kGauge,
     "Cgroup layer: connections and UDP flows that have series of their own (no bytes).",
     {}},
    {"pdtt_connection_handovers_total",
     MetricType::kCounter,
     "Cgroup and socket layers: sockets whose owner changed because a process of a higher-ranking "
     "user did I/O "
     "on "
     "them (no bytes).",
     {}},

    // The exporter itself.
    {"pdtt_layer_up", MetricType::kGauge, "1 if the layer counts, 0 if it does not.",
     labels::kLayer},
    {"pdtt_layer_info", MetricType::kGauge,
     "1 for each layer, with the way it is attached and why it is not up.", labels::kLayerInfo},
    {"pdtt_program_attached", MetricType::kGauge, "1 if the eBPF program is attached.",
     labels::kProgram},
    {"pdtt_program_run_seconds_total", MetricType::kCounter,
     "Time spent in the eBPF program; no samples unless kernel.bpf_stats_enabled is on.",
     labels::kProgram},
    {"pdtt_program_runs_total", MetricType::kCounter,
     "Times the eBPF program ran; no samples unless kernel.bpf_stats_enabled is on.",
     labels::kProgram},
    {"pdtt_map_entries", MetricType::kGauge, "Entries in the eBPF map.", labels::kMap},
    {"pdtt_map_capacity", MetricType::kGauge, "Entries the eBPF map has room for.", labels::kMap},
    {"pdtt_map_insert_failures_total", MetricType::kCounter,
     "Entries the eBPF programs could not insert into the map.", labels::kMap},
    {"pdtt_series_exported",
     MetricType::kGauge,
     "Series of users and connections in the snapshot this page shows.",
     {}},
    {"pdtt_series_limit",
     MetricType::kGauge,
     "Series of users and connections beyond which connections are left out.",
     {}},
    {"pdtt_collect_duration_seconds",
     MetricType::kGauge,
     "Time it took to build the snapshot this page shows.",
     {}},
    {"pdtt_collect_errors_total", MetricType::kCounter,
     "Failures while collecting or writing metrics, by stage.", labels::kStage},
    {"pdtt_snapshot_timestamp_seconds",
     MetricType::kGauge,
     "Unix time at which the snapshot this page shows was taken.",
     {}},
    {"pdtt_series_dropped_total", MetricType::kCounter,
     "Series left out of snapshots to stay within a limit.", labels::kReason},
    {"pdtt_config_last_reload_successful",
     MetricType::kGauge,
     "1 if the configuration was taken over when it was last read, 0 if the one before is in "
     "force.",
     {}},
    {"pdtt_config_last_reload_success_timestamp_seconds",
     MetricType::kGauge,
     "Unix time at which the configuration that is in force was read.",
     {}},
    {"pdtt_build_info", MetricType::kGauge, "1, with the exporter's version and revision.",
     labels::kBuild},

    // The exporter's process, by the names every Prometheus client uses.
    {"process_cpu_seconds_total",
     MetricType::kCounter,
     "User and system CPU time the exporter has used.",
     {}},
    {"process_open_fds", MetricType::kGauge, "File descriptors the exporter has open.", {}},
    {"process_max_fds", MetricType::kGauge, "File descriptors the exporter may open.", {}},
    {"process_virtual_memory_bytes",
     MetricType::kGauge,
     "Virtual memory of the exporter in bytes.",
     {}},
    {"process_resident_memory_bytes",
     MetricType::kGauge,
     "Resident memory of the exporter in bytes.",
     {}},
    {"process_start_time_seconds",
     MetricType::kGauge,
     "Unix time at which the exporter started.",
     {}},
    {"process_threads", MetricType::kGauge, "Threads of the exporter.", {}},
});

/// The table's row of that name; a name that is not in the table does not compile.
consteval const FamilySpec& FamilyNamed(std::string_view name) {
  for (const FamilySpec& family : kFamilies) {
    if (family.name == name) {
      return family;
    }
  }
  throw std::invalid_argument("no such metric family");
}

}  // namespace pdtt
