// SPDX-License-Identifier: Apache-2.0
#include "collect/collector.h"

#include <malloc.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace pdtt {
namespace {

constexpr std::size_t kBurst = 4096;  // closed connections

constexpr int kCpuShare = 1000;  // of which a collection that nobody asked for takes one
constexpr std::chrono::milliseconds kLongestHistoryInterval{60'000};

}  // namespace

Collector::Collector(TrafficSource& source, CollectorOptions options)
    : source_(source),
      options_(std::move(options)),
      closed_(options_.linger, options_.closed_connections),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Collector::SnapshotPtr Collector::Latest() const {
  const std::scoped_lock lock{mutex_};
  return latest_.shown;
}

Collector::SnapshotPtr Collector::Fresh(std::chrono::milliseconds max_age,
                                        std::chrono::milliseconds timeout, Reader reader) {
  const auto oldest = Clock::now() - max_age;
  const Published& published = reader == Reader::kViewer ? latest_ : latest_complete_;
  const SnapshotPtr& latest = reader == Reader::kRecorder ? published.full : published.shown;
  std::unique_lock lock{mutex_};
  if (latest && latest->steady_time >= oldest) {
    return latest;
  }
  requested_ = reader == Reader::kViewer ? requested_.value_or(reader) : reader;
  changed_.notify_all();
  const std::uint64_t asked_for = started_ + 1;  // one under way began before we asked
  changed_.wait_for(lock, timeout, [&] {
    return (latest && latest->steady_time >= oldest) || finished_ >= asked_for;
  });
  return latest;
}

void Collector::Change(std::function<void(CollectorOptions&)> change) {
  PendingChange pending{std::move(change), {}};
  std::future<std::string> made = pending.error.get_future();
  {
    const std::scoped_lock lock{mutex_};
    changes_.push_back(std::move(pending));
    changed_.notify_all();
  }
  // A message rather than the exception: its last owner would be either thread, and sanitizers do
  // not see how the library counts owners.
  if (const std::string error = made.get(); !error.empty()) {
    throw std::runtime_error(error);
  }
}

void Collector::Run(const std::stop_token& stop) {
  auto deadline = Clock::now();
  while (!stop.stop_requested()) {
    // A slow collection makes the next poll late; it does not make several at once.
    deadline = std::max(deadline + options_.poll_interval, Clock::now());
    std::optional<Reader> requested;
    Changes changes;
    {
      std::unique_lock lock{mutex_};
      changed_.wait_until(lock, stop, deadline, [&] { return requested_ || !changes_.empty(); });
      requested = std::exchange(requested_, std::nullopt);
      if (HistoryIsDue()) {
        requested = requested.value_or(Reader::kViewer);
      }
      started_ += requested ? 1U : 0U;
      changes = std::exchange(changes_, {});
    }
    Make(std::move(changes));
    TakeEvents();
    if (requested) {
      Collect(*requested);
    }
  }
  TakeEvents();  // what ended since they were taken last
}

bool Collector::HistoryIsDue() {
  const auto now = Clock::now();
  if (options_.history_interval.count() == 0 || now < next_for_history_) {
    return false;
  }
  const Clock::duration cheap =
      std::min<Clock::duration>(collection_time_ * kCpuShare, kLongestHistoryInterval);
  const Clock::duration interval = std::max<Clock::duration>(options_.history_interval, cheap);
  next_for_history_ = std::max(next_for_history_ + interval, now);
  return true;
}

void Collector::Make(Changes changes) {
  for (PendingChange& pending : changes) {
    std::string error;
    try {
      pending.change(options_);
      closed_.SetLinger(options_.linger);
      ShowAgain();
    } catch (const std::exception& thrown) {
      error = thrown.what();
    }
    pending.error.set_value(std::move(error));
  }
}

// What is to be hidden from now on was shown until now.
void Collector::ShowAgain() {
  const std::scoped_lock lock{mutex_};
  for (Published* published : {&latest_, &latest_complete_}) {
    if (published->full) {
      *published = WithShown(published->full);
    }
  }
}

Collector::Published Collector::WithShown(SnapshotPtr full) const {
  const Privacy& privacy = options_.rules.privacy;
  if (privacy == Privacy{}) {
    return {full, full};
  }
  auto shown = std::make_shared<const Snapshot>(Redacted(*full, privacy, pseudonyms_));
  return {std::move(full), std::move(shown)};
}

void Collector::TakeEvents() {
  try {
    for (bool more = true; more;) {
      const EventsReading events = source_.ReadEvents();
      more = std::exchange(position_, events.position) != events.position;
      closed_.Add(events.closed, Clock::now());
      options_.on_finished(events, options_.rules);
      for (const std::uint32_t uid : events.new_users) {
        AskForName(uid);
      }
    }
  } catch (const std::exception& error) {
    options_.on_error(CollectStage::kEvents);
    options_.log_error(std::string{"events: "} + error.what());
  }
}

// Asked for early, the name is there when the user's first row is.
void Collector::AskForName(std::uint32_t uid) {
  static_cast<void>(options_.users.name_of(options_.users.owner_of(uid)));
}

void Collector::Collect(Reader reader) {
  Published snapshot;
  const auto start = Clock::now();
  try {
    options_.before_collection();
    Reading reading = source_.Read();
    for (const AccountReading& account : reading.accounts.accounts) {
      AskForName(account.uid);
    }
    options_.users.settle();
    for (const CollectStage stage : reading.failed_stages) {
      options_.on_error(stage);
    }
    const bool have_accounts = std::find(reading.failed_stages.begin(), reading.failed_stages.end(),
                                         CollectStage::kAccounts) == reading.failed_stages.end();
    if (have_accounts) {
      TakeEvents();  // a connection closed since the sockets were read is not gone from view
      std::vector<ConnectionReading> closed;
      closed_.Publish(start, reader != Reader::kViewer, closed);
      ReturnMemory();
      BuiltSnapshot built = BuildSnapshot(std::move(reading), std::move(closed), options_.rules,
                                          options_.users, excluded_);
      built.snapshot.time = std::chrono::system_clock::now();
      built.snapshot.steady_time = start;
      built.snapshot.collect_duration = Clock::now() - start;
      if (built.dropped_series != 0) {
        options_.on_dropped_series(built.dropped_series);
      }
      snapshot = WithShown(std::make_shared<const Snapshot>(std::move(built.snapshot)));
      options_.on_snapshot(*snapshot.shown);
    }
  } catch (const std::exception& error) {
    options_.on_error(CollectStage::kAccounts);
    options_.log_error(std::string{"collection: "} + error.what());
  }
  collection_time_ = Clock::now() - start;
  Publish(std::move(snapshot), reader);
}

// After a burst of connections the allocator would keep what it took, in thousands of small pieces.
void Collector::ReturnMemory() {
  most_closed_ = std::max(most_closed_, closed_.Size());
  if (closed_.Size() + kBurst < most_closed_) {
    malloc_trim(0);
    most_closed_ = closed_.Size();
  }
}

void Collector::Publish(Published snapshot, Reader reader) {
  const std::scoped_lock lock{mutex_};
  finished_ = started_;
  if (snapshot.full) {
    latest_ = std::move(snapshot);
    if (reader != Reader::kViewer) {
      latest_complete_ = latest_;
    }
  }
  changed_.notify_all();
}

}  // namespace pdtt
