// SPDX-License-Identifier: Apache-2.0
// Writes each active user's report, at every interval and at the end.
#pragma once

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "model/snapshot.h"
#include "report/trouble.h"
#include "report/user_report.h"

namespace pdtt {

struct ReportOptions {
  std::optional<std::string> prefix;  ///< of the files: PREFIX-USER.log
  bool console = false;
  std::chrono::milliseconds interval{10'000};

  bool operator==(const ReportOptions&) const = default;
};

struct ReportCallbacks {
  /// A snapshot of now; null if there is none.
  std::function<std::shared_ptr<const Snapshot>()> snapshot;
  TroubleCallbacks trouble;
  int console_fd = STDOUT_FILENO;
};

/// Thread-safe; calls back from a thread of its own. The destructor writes what is new since the
/// last report. A user whose file could not be written is reported again the next time.
class ReportWriter {
 public:
  ReportWriter(ReportOptions options, ReportCallbacks callbacks);

  /// The time since the last report counts for the new interval.
  void SetOptions(ReportOptions options);

 private:
  using Clock = std::chrono::steady_clock;
  using SnapshotPtr = std::shared_ptr<const Snapshot>;

  void Run(const std::stop_token& stop);
  void WriteReports(const ReportOptions& options);
  void WriteConsole(const std::vector<UserReport>& reports);
  void WriteFiles(const std::string& prefix, const Snapshot& now,
                  const std::vector<UserReport>& reports);
  [[nodiscard]] std::vector<UserReport> WithOwed(const Snapshot& now,
                                                 std::vector<UserReport> reports) const;

  ReportCallbacks callbacks_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  ReportOptions options_;
  bool options_changed_ = false;

  Trouble trouble_;  ///< the thread's, as what follows
  SnapshotPtr last_;
  std::set<std::uint32_t> owed_;  ///< users whose last report could not be written
  SnapshotPtr last_before_owed_;  ///< what had been reported before the first of these

  std::jthread thread_;  ///< last: it uses everything above
};

}  // namespace pdtt
