// SPDX-License-Identifier: Apache-2.0
// Writes a record for each finished connection: each once, whatever the disk does meanwhile.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "report/record.h"
#include "report/trouble.h"

namespace pdtt {

struct RecordOptions {
  std::optional<std::string> file;
  bool journald = false;
  std::uint64_t min_bytes = 0;  ///< both ways; smaller connections have no record

  bool operator==(const RecordOptions&) const = default;
};

struct RecordCallbacks {
  /// Everything up to this position may be forgotten.
  std::function<void(std::uint64_t)> commit;
  std::function<std::string(std::uint32_t)> name_of;
  std::function<void()> settle_names;  ///< waits a moment for names asked for the first time
  TroubleCallbacks trouble;
  std::string journal_socket = "/run/systemd/journal/socket";
};

/// Thread-safe; calls back from a thread of its own. What can't be written is tried again every
/// second. The destructor tries once more.
class RecordWriter {
 public:
  RecordWriter(RecordOptions options, RecordCallbacks callbacks);
  ~RecordWriter();
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  /// `position` is committed once these and all before them are written. Never waits.
  void Add(std::vector<FinishedConnection> finished, std::uint64_t position);

  /// For what is written from now on.
  void SetOptions(RecordOptions options);

 private:
  class Output;
  struct Batch {
    std::vector<FinishedConnection> finished;
    std::uint64_t position = 0;
  };

  void Run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  RecordOptions options_;
  std::optional<std::uint64_t> last_position_;
  std::vector<Batch> queue_;  ///< as large as the kernel's ring buffer at most: it frees no sooner
  std::unique_ptr<Output> output_;  ///< the thread's

  std::jthread thread_;  ///< last: it uses everything above
};

}  // namespace pdtt
