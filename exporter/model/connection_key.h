// SPDX-License-Identifier: Apache-2.0
// What a connection is known by from one snapshot to the next.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "model/snapshot.h"

namespace pdtt {

/// uid, protocol, local and remote end, name of the network.
using ConnectionKey = std::tuple<std::uint32_t, Protocol, IpAddress, std::uint16_t, IpAddress,
                                 std::uint16_t, std::string>;

/// Throws std::out_of_range if the connection is not of this snapshot.
[[nodiscard]] inline ConnectionKey KeyOfConnection(const Connection& connection,
                                                   const Snapshot& snapshot) {
  return {snapshot.users.at(connection.user).uid,
          connection.protocol,
          connection.local_address,
          connection.local_port,
          connection.remote_address,
          connection.remote_port,
          snapshot.networks.at(connection.network)};
}

}  // namespace pdtt
