// SPDX-License-Identifier: Apache-2.0
// The counters of a snapshot that rates are made of.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "model/connection_key.h"
#include "model/snapshot.h"

namespace pdtt {

/// Bytes both ways, counted since something began.
struct Bytes {
  std::uint64_t receive = 0;
  std::uint64_t transmit = 0;

  bool operator==(const Bytes&) const = default;
};

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
