// SPDX-License-Identifier: Apache-2.0
// The counters of a snapshot that rates are made of.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>

#include "model/snapshot.h"

namespace pdtt {

/// Bytes both ways, counted since something began.
struct Bytes {
  std::uint64_t receive = 0;
  std::uint64_t transmit = 0;

  bool operator==(const Bytes&) const = default;
};

/// What a connection is known by from one snapshot to the next: uid, protocol, local and remote
/// end, network.
using ConnectionKey = std::tuple<std::uint32_t, Protocol, IpAddress, std::uint16_t, IpAddress,
                                 std::uint16_t, std::size_t>;

[[nodiscard]] ConnectionKey KeyOf(const Connection& connection, const Snapshot& snapshot);

struct Counters {
  struct OfConnection {
    Bytes bytes;
    std::chrono::system_clock::time_point start;
  };

  std::chrono::system_clock::time_point time;
  std::chrono::steady_clock::time_point steady_time;
  Bytes host;
  std::map<std::uint32_t, Bytes> users;  ///< by uid
  std::map<ConnectionKey, OfConnection> connections;
};

[[nodiscard]] Counters CountersOf(const Snapshot& snapshot);

}  // namespace pdtt
