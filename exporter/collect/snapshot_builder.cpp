// SPDX-License-Identifier: Apache-2.0
#include "collect/snapshot_builder.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <tuple>
#include <utility>

#include "collect/busiest_connections.h"

namespace pdtt {
namespace {

// Series of one row of each kind, for limits.series.
constexpr std::size_t kSeriesPerTraffic = 4;
constexpr std::size_t kSeriesPerActivity = 6;

class Builder {
 public:
  Builder(const SnapshotRules& rules, const UserNaming& users) : rules_(rules), users_(users) {
    snapshot_.networks = rules.networks;
    snapshot_.interfaces = rules.interfaces;
  }

  void AddAccounts(const AccountsReading& reading, ExcludedTraffic& excluded) {
    for (const AccountReading& account : reading.accounts) {
      const std::uint32_t uid = users_.owner_of(account.uid);
      const Traffic excluded_part = excluded.PartOf(account, IsExcluded(uid));
      snapshot_.excluded += excluded_part;
      if (IsExcluded(uid)) {
        continue;
      }
      Traffic& traffic = traffic_[{uid, account.protocol, account.network}];
      traffic += account.traffic;
      traffic -= excluded_part;
      UserActivity& activity = activity_[{uid, account.protocol}];
      activity.opened_inbound += account.opened_inbound;
      activity.opened_outbound += account.opened_outbound;
      activity.closed += account.closed;
      activity.socket_receive_bytes += account.socket_receive_bytes;
      activity.socket_transmit_bytes += account.socket_transmit_bytes;
      if (account.protocol == Protocol::kTcp) {
        retransmits_[{uid, account.network}] += account.retransmits;
      }
    }
    snapshot_.host = reading.host.all;
    snapshot_.unattributed_no_socket = reading.host.no_socket;
    snapshot_.unattributed_table_full = reading.host.table_full;
    snapshot_.unattributed_nested = reading.host.nested;
    snapshot_.connection_handovers = reading.host.handovers;
  }

  void AddXdp(const Reading& reading) {
    for (const XdpUserReading& row : reading.xdp_users) {
      const std::uint32_t uid = row.uid;
      if (IsExcluded(uid)) {
        continue;
      }
      UserXdpTraffic& total = xdp_[{uid, row.interface}];
      total.interface = row.interface;
      total.bytes += row.bytes;
      total.packets += row.packets;
    }
    snapshot_.xdp_totals = reading.xdp_totals;
  }

  void AddConnections(const Reading& reading, const std::vector<ConnectionReading>& closed) {
    std::vector<const ConnectionReading*> open;
    std::vector<const ConnectionReading*> ended;
    open.reserve(reading.sockets.size() + reading.flows.size());
    for (const ConnectionReading& socket : reading.sockets) {
      if (!IsExcluded(socket.uid)) {
        ++activity_[{socket.uid, socket.protocol}].open_connections;
      }
      if (socket.has_peer) {
        ++snapshot_.connections_tracked;
        AppendShown(socket, open);
      }
    }
    for (const ConnectionReading& flow : reading.flows) {
      AppendShown(flow, open);
    }
    for (const ConnectionReading& connection : closed) {
      AppendShown(connection, ended);
    }
    boot_time_ = reading.boot_time;
    snapshot_.connections_tracked += reading.flows.size() + closed.size();
    AddMissingRows();
    shown_connections_ = BusiestConnections(open, ended, rules_.connections_export);
    const std::size_t room =
        (rules_.series_limit - std::min(SeriesOfUsers(), rules_.series_limit)) /
        kSeriesPerConnection;
    if (shown_connections_.size() > room) {
      dropped_series_ = (shown_connections_.size() - room) * kSeriesPerConnection;
      shown_connections_.resize(room);
    }
    for (const ConnectionReading& connection : shown_connections_) {
      seen_uids_[connection.uid] = 0;
    }
  }

  BuiltSnapshot Finish() {
    CollectUsers();
    for (const auto& [key, traffic] : traffic_) {
      const auto& [uid, protocol, network] = key;
      snapshot_.user_traffic.push_back({UserIndex(uid), network, protocol, traffic});
    }
    for (const auto& [key, activity] : activity_) {
      snapshot_.user_activity.push_back(activity);
      snapshot_.user_activity.back().user = UserIndex(key.first);
      snapshot_.user_activity.back().protocol = key.second;
    }
    for (const auto& [key, segments] : retransmits_) {
      snapshot_.user_retransmits.push_back({UserIndex(key.first), key.second, segments});
    }
    for (const auto& [key, total] : xdp_) {
      snapshot_.user_xdp.push_back(total);
      snapshot_.user_xdp.back().user = UserIndex(key.first);
    }
    for (const ConnectionReading& connection : shown_connections_) {
      snapshot_.connections.push_back(ToConnection(connection));
    }
    snapshot_.series = SeriesOfUsers() + shown_connections_.size() * kSeriesPerConnection;
    snapshot_.series_limit = rules_.series_limit;
    return {std::move(snapshot_), dropped_series_};
  }

  Snapshot& Result() { return snapshot_; }

 private:
  void AppendShown(const ConnectionReading& connection,
                   std::vector<const ConnectionReading*>& shown) const {
    if (!IsExcluded(connection.uid)) {
      shown.push_back(&connection);
    }
  }

  bool IsExcluded(std::uint32_t uid) const { return rules_.excluded_uids.contains(uid); }

  // A row of zeros costs four series; accounts that count are never left out for want of room.
  void AddMissingRows() {
    const std::size_t rows = activity_.size() * rules_.networks.size();
    if (rows * kSeriesPerTraffic > rules_.series_limit) {
      return;
    }
    for (const auto& [key, activity] : activity_) {
      for (std::uint32_t network = 0; network < rules_.networks.size(); ++network) {
        traffic_.try_emplace({key.first, key.second, network});
        if (key.second == Protocol::kTcp) {
          retransmits_.try_emplace({key.first, network});
        }
      }
    }
  }

  std::size_t SeriesOfUsers() const {
    return traffic_.size() * kSeriesPerTraffic + activity_.size() * kSeriesPerActivity +
           retransmits_.size() + xdp_.size() * 2;
  }

  void CollectUsers() {
    for (const auto& [key, activity] : activity_) {
      seen_uids_[key.first] = 0;
    }
    for (const auto& [key, total] : xdp_) {
      seen_uids_[key.first] = 0;
    }
    for (auto& [uid, index] : seen_uids_) {
      index = snapshot_.users.size();
      snapshot_.users.push_back({uid, users_.name_of(uid)});
    }
  }

  std::size_t UserIndex(std::uint32_t uid) const { return seen_uids_.at(uid); }

  Connection ToConnection(const ConnectionReading& reading) const {
    Connection connection;
    connection.user = UserIndex(reading.uid);
    connection.network = reading.network;
    connection.protocol = reading.protocol;
    connection.direction = reading.direction;
    connection.local_port = reading.local_port;
    connection.remote_port = reading.remote_port;
    connection.local_address = reading.local_address;
    connection.remote_address = reading.remote_address;
    connection.pid = reading.pid;
    connection.command.assign(reading.command.data(),
                              strnlen(reading.command.data(), reading.command.size()));
    connection.start = boot_time_ + std::chrono::nanoseconds{reading.start_ns};
    connection.traffic = reading.traffic;
    return connection;
  }

  const SnapshotRules& rules_;
  const UserNaming& users_;
  std::chrono::system_clock::time_point boot_time_;
  Snapshot snapshot_;
  std::uint64_t dropped_series_ = 0;
  std::map<std::tuple<std::uint32_t, Protocol, std::uint32_t>, Traffic> traffic_;
  std::map<std::pair<std::uint32_t, Protocol>, UserActivity> activity_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> retransmits_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, UserXdpTraffic> xdp_;
  std::map<std::uint32_t, std::size_t> seen_uids_;
  std::vector<ConnectionReading> shown_connections_;
};

template <typename Rows>
void ToOwners(Rows& rows, const UserNaming& users) {
  for (auto& row : rows) {
    row.uid = users.owner_of(row.uid);
  }
}

}  // namespace

BuiltSnapshot BuildSnapshot(Reading reading, std::vector<ConnectionReading> closed,
                            const SnapshotRules& rules, const UserNaming& users,
                            ExcludedTraffic& excluded) {
  ToOwners(reading.xdp_users, users);
  ToOwners(reading.sockets, users);
  ToOwners(reading.flows, users);
  ToOwners(closed, users);
  Builder builder{rules, users};
  builder.AddAccounts(reading.accounts, excluded);
  builder.AddXdp(reading);
  builder.AddConnections(reading, closed);
  Snapshot& snapshot = builder.Result();
  snapshot.since = reading.since;
  snapshot.layers = std::move(reading.layers);
  snapshot.programs = std::move(reading.programs);
  snapshot.maps = std::move(reading.maps);
  snapshot.program_statistics = reading.program_statistics;
  return builder.Finish();
}

}  // namespace pdtt
