// SPDX-License-Identifier: Apache-2.0
#include "report/record_writer.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <span>
#include <utility>

#include "model/boot_time.h"
#include "report/journal.h"
#include "report/record_file.h"

namespace pdtt {
namespace {

constexpr auto kRetryInterval = std::chrono::seconds{1};

// Written at a time: some hundred kilobytes.
constexpr std::size_t kPiece = 1024;

// Batches that wait when much comes at once.
constexpr std::size_t kBacklog = 4;

/// One place that records go to, and how many of those that are waiting it has.
template <typename T>
struct Sink {
  std::optional<T> place;
  std::size_t done = 0;

  /// Returns the error, empty if all were written.
  std::string Write(const std::vector<Record>& waiting) {
    std::string error;
    while (place && error.empty() && done < waiting.size()) {
      const std::size_t size = std::min(kPiece, waiting.size() - done);
      Written written = place->Write(std::span{waiting}.subspan(done, size));
      done += written.records;
      error = std::move(written.error);
    }
    if (!place) {
      done = waiting.size();
    }
    return error;
  }
};

}  // namespace

/// What the thread works on.
class RecordWriter::Output {
 public:
  explicit Output(RecordCallbacks callbacks)
      : callbacks_(std::move(callbacks)), trouble_(callbacks_.trouble) {}

  void SetOptions(const RecordOptions& options) {
    min_bytes_ = options.min_bytes;
    if (!options.file) {
      file_.place.reset();
    } else if (!file_.place || file_.place->Path() != *options.file) {
      file_ = {RecordFile{*options.file}, 0};
    }
    if (!options.journald) {
      journal_.place.reset();
    } else if (!journal_.place) {
      journal_ = {Journal{callbacks_.journal_socket}, 0};
    }
  }

  void Take(const Batch& batch) {
    if (file_.place || journal_.place) {
      AskForNames(batch);
      const auto boot = MeasuredBootTime();
      for (const FinishedConnection& finished : batch.finished) {
        if (finished.connection.traffic.Bytes() >= min_bytes_) {
          const std::string user = callbacks_.name_of(finished.connection.uid);
          waiting_.push_back(ToRecord(finished, user, boot));
        }
      }
    }
    marks_.push_back({waiting_.size(), batch.position});
  }

  /// False if something is left to write.
  bool Write() {
    for (const std::string& error : {file_.Write(waiting_), journal_.Write(waiting_)}) {
      if (!error.empty()) {
        trouble_.Report(error);
      }
    }
    Forget(std::min(file_.done, journal_.done));
    return waiting_.empty();
  }

  void Report(const std::string& error) { trouble_.Report(error); }

 private:
  /// When so many of the waiting records are written, the position is to be committed.
  struct Mark {
    std::size_t records = 0;
    std::uint64_t position = 0;
  };

  void AskForNames(const Batch& batch) {
    for (const FinishedConnection& finished : batch.finished) {
      static_cast<void>(callbacks_.name_of(finished.connection.uid));
    }
    if (!batch.finished.empty()) {
      callbacks_.settle_names();
    }
  }

  void Forget(std::size_t records) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(records));
    file_.done -= records;
    journal_.done -= records;
    std::optional<std::uint64_t> position;
    while (!marks_.empty() && marks_.front().records <= records) {
      position = marks_.front().position;
      marks_.pop_front();
    }
    for (Mark& mark : marks_) {
      mark.records -= records;
    }
    if (position) {
      callbacks_.commit(*position);
    }
  }

  RecordCallbacks callbacks_;
  Trouble trouble_;
  std::uint64_t min_bytes_ = 0;
  Sink<RecordFile> file_;
  Sink<Journal> journal_;
  std::vector<Record> waiting_;
  std::deque<Mark> marks_;
};

RecordWriter::RecordWriter(RecordOptions options, RecordCallbacks callbacks)
    : options_(std::move(options)),
      output_(std::make_unique<Output>(std::move(callbacks))),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

RecordWriter::~RecordWriter() = default;

void RecordWriter::Add(std::vector<FinishedConnection> finished, std::uint64_t position) {
  const std::scoped_lock lock{mutex_};
  if (std::exchange(last_position_, position) == position && finished.empty()) {
    return;  // nothing is new: not worth waking the thread for
  }
  queue_.push_back({std::move(finished), position});
  changed_.notify_all();
}

void RecordWriter::SetOptions(RecordOptions options) {
  const std::scoped_lock lock{mutex_};
  options_ = std::move(options);
}

void RecordWriter::Run(const std::stop_token& stop) {
  bool all_written = true;
  for (;;) {
    std::vector<Batch> batches;
    RecordOptions options;
    {
      std::unique_lock lock{mutex_};
      if (all_written) {
        changed_.wait(lock, stop, [&] { return !queue_.empty(); });
      } else {
        changed_.wait_for(lock, stop, kRetryInterval, [] { return false; });
      }
      batches = std::exchange(queue_, {});
      options = options_;
    }
    const bool last = stop.stop_requested();
    try {
      output_->SetOptions(options);
      if (batches.empty()) {
        all_written = output_->Write();
      }
      for (const Batch& batch : batches) {  // one by one: what is written makes room in the kernel
        output_->Take(batch);
        all_written = output_->Write();
      }
      if (batches.size() > kBacklog) {
        batches = {};
        malloc_trim(0);  // or the allocator would keep what the burst took
      }
    } catch (const std::exception& error) {
      output_->Report(error.what());
      all_written = false;
    }
    if (last) {
      return;
    }
  }
}

}  // namespace pdtt
