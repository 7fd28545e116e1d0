// SPDX-License-Identifier: Apache-2.0
// Turns a reading of the kernel's tables into a snapshot: users named and merged, the busiest
// connections chosen, limits kept. No clock, no system calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "collect/excluded_traffic.h"
#include "model/reading.h"
#include "model/snapshot.h"

namespace pdtt {

/// For limits.series.
inline constexpr std::size_t kSeriesPerConnection = 5;

struct SnapshotRules {
  std::vector<std::string> networks;    ///< names, by the reading's network number
  std::vector<std::string> interfaces;  ///< names, by the reading's interface number
  std::unordered_set<std::uint32_t> excluded_uids;
  std::size_t connections_export = 100;
  std::size_t series_limit = 20000;
  Privacy privacy;  ///< of what is shown; a built snapshot holds everything
};

struct UserNaming {
  std::function<std::uint32_t(std::uint32_t)> owner_of;  ///< whom a sub-uid belongs to
  std::function<std::string(std::uint32_t)> name_of;
  std::function<void()> settle;  ///< waits a moment for names asked for the first time
};

struct BuiltSnapshot {
  Snapshot snapshot;  ///< without its times
  std::uint64_t dropped_series = 0;
};

/// `closed` are connections that ended but are still shown. Every user, once seen with a protocol,
/// has a row for each network, so that a counter starts at zero and not at its first value.
/// `excluded` remembers from one snapshot to the next.
[[nodiscard]] BuiltSnapshot BuildSnapshot(Reading reading, std::vector<ConnectionReading> closed,
                                          const SnapshotRules& rules, const UserNaming& users,
                                          ExcludedTraffic& excluded);

}  // namespace pdtt
