// SPDX-License-Identifier: Apache-2.0
#include "api/counters.h"

namespace pdtt {
namespace {

Bytes BytesOf(const Traffic& traffic) {
  return {traffic.receive_bytes, traffic.transmit_bytes};
}

}  // namespace

Counters CountersOf(const Snapshot& snapshot) {
  Counters counters;
  counters.time = snapshot.time;
  counters.steady_time = snapshot.steady_time;
  counters.host = BytesOf(snapshot.host);
  for (const User& user : snapshot.users) {
    counters.users[user.uid] = {};
  }
  for (const UserTraffic& row : snapshot.user_traffic) {
    Bytes& bytes = counters.users[snapshot.users.at(row.user).uid];
    bytes.receive += row.traffic.receive_bytes;
    bytes.transmit += row.traffic.transmit_bytes;
  }
  for (const Connection& connection : snapshot.connections) {
    counters.connections[KeyOfConnection(connection, snapshot)] = {BytesOf(connection.traffic),
                                                                   connection.start};
  }
  return counters;
}

}  // namespace pdtt
