// SPDX-License-Identifier: Apache-2.0
// The rates of now, and those of each user over the last minutes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "api/counters.h"
#include "api/rates.h"
#include "model/snapshot.h"

namespace pdtt {

/// Each user's rates, the oldest first; all users have the same number of points. A user without
/// any has moved nothing.
struct History {
  std::size_t points = 0;
  std::map<std::uint32_t, std::vector<Rate>> users;  ///< by uid
};

struct RateView {
  Rates rates;
  std::shared_ptr<const History> history = std::make_shared<const History>();
};

/// Made of the snapshots it is given, however often they come. Thread-safe; its memory is bounded.
class RateHistory {
 public:
  static constexpr std::chrono::seconds kInterval{5};
  static constexpr std::size_t kPoints = 60;
  /// Of users who have moved something. More than these have no history for the time being.
  static constexpr std::size_t kMostUsers = 1024;

  /// From one thread at a time.
  void Add(const Snapshot& snapshot);

  /// Never null.
  [[nodiscard]] std::shared_ptr<const RateView> Now() const;

 private:
  using CountersPtr = std::shared_ptr<const Counters>;

  void MoveWindow(const CountersPtr& now);
  void MoveHistory(const CountersPtr& now);

  // Of the thread that adds.
  CountersPtr base_;  ///< what the present rates are averaged since
  CountersPtr next_base_;
  CountersPtr last_point_;
  RateView next_;

  mutable std::mutex mutex_;
  std::shared_ptr<const RateView> now_ = std::make_shared<const RateView>();
};

}  // namespace pdtt
