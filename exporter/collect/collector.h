// SPDX-License-Identifier: Apache-2.0
// The collector thread: reads the source when somebody asks, publishes immutable snapshots.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "collect/closed_connections.h"
#include "collect/snapshot_builder.h"
#include "collect/traffic_source.h"
#include "model/collect_stage.h"
#include "model/snapshot.h"

namespace pdtt {

struct CollectorOptions {
  SnapshotRules rules;
  UserNaming users;
  std::function<void()> before_collection;  ///< called by the collector thread
  std::chrono::milliseconds linger{60'000};
  std::size_t closed_connections = 65536;        ///< kept at most
  std::chrono::milliseconds poll_interval{200};  ///< how often events are taken
  std::function<void(CollectStage)> on_error;
  std::function<void(std::uint64_t)> on_dropped_series;
  std::function<void(const std::string&)> log_error;
};

/// Thread-safe. The source is used by the collector's thread alone, from here to the destructor.
class Collector {
 public:
  using SnapshotPtr = std::shared_ptr<const Snapshot>;

  Collector(TrafficSource& source, CollectorOptions options);

  /// A snapshot no older than `max_age`, waiting up to `timeout` for a new one; the last good one
  /// if that fails, null if there never was one. Concurrent callers share a collection.
  [[nodiscard]] SnapshotPtr Fresh(std::chrono::milliseconds max_age,
                                  std::chrono::milliseconds timeout);

  [[nodiscard]] SnapshotPtr Latest() const;

 private:
  using Clock = std::chrono::steady_clock;

  void Run(const std::stop_token& stop);
  void TakeEvents();
  void AskForName(std::uint32_t uid);
  void Collect();
  void Publish(SnapshotPtr snapshot);

  TrafficSource& source_;
  CollectorOptions options_;
  ClosedConnections closed_;  ///< the collector thread's

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool requested_ = false;
  std::uint64_t started_ = 0;   ///< collections
  std::uint64_t finished_ = 0;  ///< the last of them, successful or not
  SnapshotPtr latest_;

  std::jthread thread_;  ///< last: it uses everything above
};

}  // namespace pdtt
