// SPDX-License-Identifier: Apache-2.0
#include "collect/collector.h"

#include <malloc.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace pdtt {
namespace {

constexpr std::size_t kBurst = 4096;  // closed connections

}  // namespace

Collector::Collector(TrafficSource& source, CollectorOptions options)
    : source_(source),
      options_(std::move(options)),
      closed_(options_.linger, options_.closed_connections),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Collector::SnapshotPtr Collector::Latest() const {
  const std::scoped_lock lock{mutex_};
  return latest_;
}

Collector::SnapshotPtr Collector::Fresh(std::chrono::milliseconds max_age,
                                        std::chrono::milliseconds timeout) {
  const auto oldest = Clock::now() - max_age;
  std::unique_lock lock{mutex_};
  if (latest_ && latest_->steady_time >= oldest) {
    return latest_;
  }
  requested_ = true;
  changed_.notify_all();
  const std::uint64_t asked_for = started_ + 1;  // one under way began before we asked
  changed_.wait_for(lock, timeout, [&] {
    return (latest_ && latest_->steady_time >= oldest) || finished_ >= asked_for;
  });
  return latest_;
}

void Collector::Change(std::function<void(CollectorOptions&)> change) {
  std::packaged_task<void(CollectorOptions&)> task{std::move(change)};
  std::future<void> made = task.get_future();
  {
    const std::scoped_lock lock{mutex_};
    changes_.push_back(std::move(task));
    changed_.notify_all();
  }
  made.get();
}

void Collector::Run(const std::stop_token& stop) {
  auto deadline = Clock::now();
  while (!stop.stop_requested()) {
    // A slow collection makes the next poll late; it does not make several at once.
    deadline = std::max(deadline + options_.poll_interval, Clock::now());
    bool requested = false;
    Changes changes;
    {
      std::unique_lock lock{mutex_};
      changed_.wait_until(lock, stop, deadline, [&] { return requested_ || !changes_.empty(); });
      requested = std::exchange(requested_, false);
      started_ += requested ? 1 : 0;
      changes = std::exchange(changes_, {});
    }
    Make(std::move(changes));
    TakeEvents();
    if (requested) {
      Collect();
    }
  }
  TakeEvents();  // what ended since they were taken last
}

void Collector::Make(Changes changes) {
  for (auto& change : changes) {
    change(options_);
  }
  closed_.SetLinger(options_.linger);
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

void Collector::Collect() {
  SnapshotPtr snapshot;
  try {
    const auto start = Clock::now();
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
      closed_.Publish(start, closed);
      ReturnMemory();
      BuiltSnapshot built = BuildSnapshot(std::move(reading), std::move(closed), options_.rules,
                                          options_.users, excluded_);
      built.snapshot.time = std::chrono::system_clock::now();
      built.snapshot.steady_time = start;
      built.snapshot.collect_duration = Clock::now() - start;
      if (built.dropped_series != 0) {
        options_.on_dropped_series(built.dropped_series);
      }
      options_.on_snapshot(built.snapshot);
      snapshot = std::make_shared<const Snapshot>(std::move(built.snapshot));
    }
  } catch (const std::exception& error) {
    options_.on_error(CollectStage::kAccounts);
    options_.log_error(std::string{"collection: "} + error.what());
  }
  Publish(std::move(snapshot));
}

// After a burst of connections the allocator would keep what it took, in thousands of small pieces.
void Collector::ReturnMemory() {
  most_closed_ = std::max(most_closed_, closed_.Size());
  if (closed_.Size() + kBurst < most_closed_) {
    malloc_trim(0);
    most_closed_ = closed_.Size();
  }
}

void Collector::Publish(SnapshotPtr snapshot) {
  const std::scoped_lock lock{mutex_};
  finished_ = started_;
  if (snapshot) {
    latest_ = std::move(snapshot);
  }
  changed_.notify_all();
}

}  // namespace pdtt
