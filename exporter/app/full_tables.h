// SPDX-License-Identifier: Apache-2.0
// Says in the log when something had no room, seldom enough not to fill the log as well.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/log.h"
#include "model/snapshot.h"

namespace pdtt {

/// One line for each table and minute, at most.
class FullTables {
 public:
  using Clock = std::chrono::steady_clock;

  explicit FullTables(Log& log) : log_(log) {}

  /// Looks at what the tables have refused so far.
  void Check(const std::vector<MapStatus>& maps, Clock::time_point now);

  /// `series` more were left out of a snapshot.
  void CheckSeries(std::uint64_t series, Clock::time_point now);

 private:
  struct Refused {
    std::uint64_t total = 0;
    std::uint64_t warned = 0;  ///< that many of them
    Clock::time_point quiet_until;
  };

  /// How many to warn of now; 0 for none.
  [[nodiscard]] static std::uint64_t ToWarn(Refused& refused, Clock::time_point now);

  Log& log_;
  std::map<std::string, Refused, std::less<>> maps_;
  Refused series_;
};

}  // namespace pdtt
