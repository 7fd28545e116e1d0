// SPDX-License-Identifier: Apache-2.0
// The collector thread: reads the source when somebody asks, and at intervals for the history;
// publishes immutable snapshots.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "collect/closed_connections.h"
#include "collect/redaction.h"
#include "collect/snapshot_builder.h"
#include "collect/traffic_source.h"
#include "model/collect_stage.h"
#include "model/snapshot.h"

namespace pdtt {

/// Who reads a snapshot. Connections that ended wait for somebody who keeps what he sees: a
/// scraper, or the recorder, who writes files of this host and gets what is hidden from all others
/// too.
enum class Reader : std::uint8_t { kScraper, kViewer, kRecorder };

struct CollectorOptions {
  SnapshotRules rules;
  UserNaming users;
  /// All of these functions are called by the collector thread.
  std::function<void()> before_collection = [] {};
  /// Gets every connection that ended, once.
  std::function<void(const EventsReading&, const SnapshotRules&)> on_finished =
      [](const EventsReading&, const SnapshotRules&) {};
  /// Gets what is shown.
  std::function<void(const Snapshot&)> on_snapshot = [](const Snapshot&) {};
  std::chrono::milliseconds linger{60'000};
  std::size_t closed_connections = 65536;        ///< kept at most
  std::chrono::milliseconds poll_interval{200};  ///< how often events are taken
  /// How often a snapshot is made for viewers though nobody asks; 0: never. More seldom where that
  /// would take more than a thousandth of a CPU.
  std::chrono::milliseconds history_interval{0};
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
                                  std::chrono::milliseconds timeout,
                                  Reader reader = Reader::kScraper);

  /// The last one of all that is shown.
  [[nodiscard]] SnapshotPtr Latest() const;

  /// Has the collector's thread change its rules or linger between two collections, and waits for
  /// it; the source may be used meanwhile. What is to be hidden from now on is not shown any more
  /// when it returns. Throws std::runtime_error with what `change` throws.
  void Change(std::function<void(CollectorOptions&)> change);

 private:
  using Clock = std::chrono::steady_clock;

  /// The same snapshot, and the same object where nothing is hidden.
  struct Published {
    SnapshotPtr full;
    SnapshotPtr shown;
  };

  struct PendingChange {
    std::function<void(CollectorOptions&)> change;
    std::promise<std::string> error;  ///< empty: done
  };
  using Changes = std::vector<PendingChange>;

  void Run(const std::stop_token& stop);
  [[nodiscard]] bool HistoryIsDue();
  void Make(Changes changes);
  void ShowAgain();
  void TakeEvents();
  void AskForName(std::uint32_t uid);
  void Collect(Reader reader);
  void ReturnMemory();
  [[nodiscard]] Published WithShown(SnapshotPtr full) const;
  void Publish(Published snapshot, Reader reader);

  TrafficSource& source_;
  CollectorOptions options_;
  ClosedConnections closed_;     ///< the collector thread's, as the two around it
  std::size_t most_closed_ = 0;  ///< since memory was returned; the collector thread's
  std::uint64_t position_ = 0;   ///< of the latest events; the collector thread's
  Clock::time_point next_for_history_ = Clock::now() + options_.history_interval;
  Clock::duration collection_time_{};  ///< of the last one; the collector thread's
  ExcludedTraffic excluded_;
  Pseudonyms pseudonyms_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Reader> requested_;  ///< not a viewer if anybody else asked as well
  Changes changes_;
  std::uint64_t started_ = 0;   ///< collections
  std::uint64_t finished_ = 0;  ///< the last of them, successful or not
  Published latest_;
  Published latest_complete_;  ///< with all connections that waited for those who keep them

  std::jthread thread_;  ///< last: it uses everything above
};

}  // namespace pdtt
