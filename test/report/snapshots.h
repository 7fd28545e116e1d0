// SPDX-License-Identifier: Apache-2.0
// Snapshots of made-up traffic.
#pragma once

#include <string>

#include "finished.h"
#include "model/snapshot.h"

namespace pdtt::test {

/// At 10:30:00 UTC on 15 January 2025, without users.
inline Snapshot EmptySnapshot() {
  Snapshot snapshot;
  snapshot.time = std::chrono::system_clock::time_point{std::chrono::seconds{1736937000}};
  snapshot.networks = {"private", "internet"};
  return snapshot;
}

/// Adds a user with traffic over the internet; returns the index.
inline std::size_t AddUser(Snapshot& snapshot, std::uint32_t uid, const std::string& name,
                           const Traffic& traffic) {
  snapshot.users.push_back({uid, name});
  snapshot.user_traffic.push_back({snapshot.users.size() - 1, 1, Protocol::kTcp, traffic});
  return snapshot.users.size() - 1;
}

inline Connection& AddConnection(Snapshot& snapshot, std::size_t user, std::uint16_t local_port,
                                 const Traffic& traffic) {
  Connection connection;
  connection.user = user;
  connection.network = 1;
  connection.local_port = local_port;
  connection.remote_port = 443;
  connection.local_address = V4(192, 168, 1, 100);
  connection.remote_address = V4(93, 184, 216, 34);
  connection.pid = 12345;
  connection.command = "curl";
  connection.traffic = traffic;
  return snapshot.connections.emplace_back(connection);
}

}  // namespace pdtt::test
