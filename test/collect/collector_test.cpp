// SPDX-License-Identifier: Apache-2.0
#include "collect/collector.h"

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "collect/readings.h"

namespace pdtt {
namespace {

using namespace std::chrono_literals;
using test::TcpConnection;

constexpr auto kPatience = 10s;

// A source in memory; each reading has one more received byte than the last.
class FakeSource : public TrafficSource {
 public:
  EventsReading ReadEvents() override {
    const std::scoped_lock lock{mutex_};
    return std::exchange(events_, {});
  }

  void CommitEvents(std::uint64_t /*position*/) override {}

  Reading Read() override {
    std::this_thread::sleep_for(delay_.load());
    const std::uint64_t count = ++reads_;
    if (fail_) {
      throw std::runtime_error("the source is broken");
    }
    Reading reading;
    reading.accounts.host.all.receive_bytes = count;
    const std::scoped_lock lock{mutex_};
    reading.failed_stages = failed_stages_;
    return reading;
  }

  void Happened(EventsReading events) {
    const std::scoped_lock lock{mutex_};
    events_ = std::move(events);
  }

  void FailStage(CollectStage stage) {
    const std::scoped_lock lock{mutex_};
    failed_stages_ = {stage};
  }

  std::atomic<std::uint64_t> reads_ = 0;
  std::atomic<bool> fail_ = false;
  std::atomic<std::chrono::milliseconds> delay_ = 0ms;

 private:
  std::mutex mutex_;
  EventsReading events_;
  std::vector<CollectStage> failed_stages_;
};

struct Counts {
  std::atomic<int> errors = 0;
  std::atomic<int> names = 0;
};

CollectorOptions Options(Counts& counts) {
  CollectorOptions options;
  options.rules.networks = {"internet"};
  options.users.owner_of = [](std::uint32_t uid) { return uid; };
  options.users.name_of = [&counts](std::uint32_t uid) {
    ++counts.names;
    return std::to_string(uid);
  };
  options.users.settle = [] {};
  options.before_collection = [] {};
  options.poll_interval = 5ms;
  options.on_error = [&counts](CollectStage) { ++counts.errors; };
  options.on_dropped_series = [](std::uint64_t) {};
  options.log_error = [](const std::string&) {};
  return options;
}

}  // namespace

TEST_CASE("nothing is read until somebody asks", "[collector]") {
  FakeSource source;
  Counts counts;
  Collector collector{source, Options(counts)};
  std::this_thread::sleep_for(30ms);
  CHECK(source.reads_ == 0);
  CHECK(collector.Latest() == nullptr);
  CHECK(collector.Fresh(1h, kPatience) != nullptr);
  CHECK(source.reads_ == 1);
}

TEST_CASE("a snapshot is shared for as long as it is fresh", "[collector]") {
  FakeSource source;
  Counts counts;
  Collector collector{source, Options(counts)};
  const auto first = collector.Fresh(1h, kPatience);
  CHECK(collector.Fresh(1h, kPatience) == first);
  const auto second = collector.Fresh(0ms, kPatience);
  CHECK(second != first);
  CHECK(second->host.receive_bytes == 2);
  CHECK(first->host.receive_bytes == 1);
}

TEST_CASE("concurrent scrapers share a collection", "[collector]") {
  FakeSource source;
  source.delay_ = 100ms;
  Counts counts;
  Collector collector{source, Options(counts)};
  std::vector<std::future<Collector::SnapshotPtr>> scrapers;
  for (int i = 0; i < 8; ++i) {
    scrapers.push_back(
        std::async(std::launch::async, [&] { return collector.Fresh(1s, kPatience); }));
  }
  for (auto& scraper : scrapers) {
    CHECK(scraper.get() != nullptr);
  }
  CHECK(source.reads_ <= 2);
}

TEST_CASE("a hanging source keeps a scraper no longer than its time-out", "[collector]") {
  FakeSource source;
  Counts counts;
  Collector collector{source, Options(counts)};
  const auto first = collector.Fresh(1h, kPatience);
  source.delay_ = 2000ms;
  const auto start = std::chrono::steady_clock::now();
  CHECK(collector.Fresh(0ms, 50ms) == first);
  CHECK(std::chrono::steady_clock::now() - start < 1500ms);
}

TEST_CASE("a failing source leaves the last good snapshot", "[collector]") {
  FakeSource source;
  Counts counts;
  Collector collector{source, Options(counts)};
  const auto first = collector.Fresh(1h, kPatience);
  SECTION("it throws") {
    source.fail_ = true;
  }
  SECTION("its accounts cannot be read") {
    source.FailStage(CollectStage::kAccounts);
  }
  CHECK(collector.Fresh(0ms, kPatience) == first);
  CHECK(counts.errors > 0);
}

TEST_CASE("a part that cannot be read is counted and the rest is published", "[collector]") {
  FakeSource source;
  Counts counts;
  source.FailStage(CollectStage::kFlows);
  Collector collector{source, Options(counts)};
  CHECK(collector.Fresh(0ms, kPatience) != nullptr);
  CHECK(counts.errors > 0);
}

TEST_CASE("closed connections are shown after they ended", "[collector]") {
  FakeSource source;
  source.Happened({{TcpConnection(5, 1, 77)}, {}});
  Counts counts;
  Collector collector{source, Options(counts)};
  const auto snapshot = collector.Fresh(0ms, kPatience);
  REQUIRE(snapshot->connections.size() == 1);
  CHECK(snapshot->connections[0].traffic.receive_bytes == 77);
}

TEST_CASE("what viewers see is not what a scraper has seen", "[collector]") {
  FakeSource source;
  source.Happened({{TcpConnection(5, 1, 77)}, {}});
  Counts counts;
  CollectorOptions options = Options(counts);
  options.linger = 0ms;
  Collector collector{source, options};
  CHECK(collector.Fresh(0ms, kPatience, Reader::kViewer)->connections.empty());
  CHECK(collector.Fresh(1h, kPatience)->connections.size() == 1);
  CHECK(source.reads_ == 2);
  CHECK(collector.Fresh(1h, kPatience, Reader::kViewer)->connections.size() == 1);
  CHECK(source.reads_ == 2);
}

TEST_CASE("snapshots for the history are made though nobody asks", "[collector]") {
  FakeSource source;
  Counts counts;
  std::atomic<int> passed = 0;
  CollectorOptions options = Options(counts);
  options.history_interval = 10ms;
  options.on_snapshot = [&](const Snapshot&) { ++passed; };
  SECTION("often enough") {
    const Collector collector{source, options};
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (passed < 3 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
    }
    CHECK(passed >= 3);
    CHECK(collector.Latest() != nullptr);
  }
  SECTION("not often where they take long") {
    source.delay_ = 5ms;
    const Collector collector{source, options};
    std::this_thread::sleep_for(300ms);
    CHECK(source.reads_ <= 2);
  }
}

TEST_CASE("a history does not change what a scraper gets", "[collector]") {
  FakeSource source;
  Counts counts;
  CollectorOptions options = Options(counts);
  options.history_interval = 5ms;
  Collector collector{source, options};
  const auto first = collector.Fresh(1h, kPatience);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (collector.Latest() == first && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  CHECK(collector.Latest() != first);
  CHECK(collector.Fresh(1h, kPatience) == first);
}

TEST_CASE("what finished is passed on once, asked for or not", "[collector]") {
  FakeSource source;
  Counts counts;
  std::atomic<std::size_t> finished = 0;
  CollectorOptions options = Options(counts);
  options.on_finished = [&](const EventsReading& events, const SnapshotRules& /*rules*/) {
    finished += events.closed.size();
  };
  Collector collector{source, options};
  source.Happened({{TcpConnection(5, 1, 77), TcpConnection(5, 2, 77)}, {}});
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (finished < 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  CHECK(collector.Fresh(0ms, kPatience) != nullptr);
  CHECK(finished == 2);
}

TEST_CASE("every snapshot is passed on before it is published", "[collector]") {
  FakeSource source;
  Counts counts;
  std::atomic<std::uint64_t> passed = 0;
  CollectorOptions options = Options(counts);
  options.on_snapshot = [&](const Snapshot& snapshot) { passed = snapshot.host.receive_bytes; };
  Collector collector{source, options};
  CHECK(collector.Fresh(0ms, kPatience)->host.receive_bytes == 1);
  CHECK(passed == 1);
}

TEST_CASE("changed rules hold from the next snapshot on", "[collector]") {
  FakeSource source;
  source.Happened({{TcpConnection(5, 1, 77)}, {}});
  Counts counts;
  Collector collector{source, Options(counts)};
  REQUIRE(collector.Fresh(0ms, kPatience)->connections.size() == 1);
  std::thread::id changed_by;
  collector.Change([&](CollectorOptions& options) {
    options.rules.networks.emplace_back("campus");
    options.linger = 0ms;
    changed_by = std::this_thread::get_id();
  });
  CHECK(changed_by != std::this_thread::get_id());
  const auto after = collector.Fresh(0ms, kPatience);
  CHECK(after->networks == std::vector<std::string>{"internet", "campus"});
  CHECK(after->connections.empty());
  CHECK(source.reads_ == 2);
}

TEST_CASE("what is to be hidden is shown to nobody any more, but recorded", "[collector]") {
  FakeSource source;
  source.Happened({{TcpConnection(5, 1, 77)}, {}});
  Counts counts;
  std::atomic<std::size_t> passed = 0;
  CollectorOptions options = Options(counts);
  options.on_snapshot = [&](const Snapshot& snapshot) { passed = snapshot.connections.size(); };
  Collector collector{source, options};
  REQUIRE(collector.Fresh(0ms, kPatience)->connections.size() == 1);
  REQUIRE(passed == 1);
  const auto hide = [&](bool wanted) {
    collector.Change(
        [=](CollectorOptions& changed) { changed.rules.privacy.hide_connections = wanted; });
  };
  hide(true);
  for (const auto max_age : {std::chrono::milliseconds{1h}, 0ms}) {
    CHECK(collector.Latest()->connections.empty());
    CHECK(collector.Fresh(max_age, kPatience, Reader::kScraper)->connections.empty());
    CHECK(collector.Fresh(max_age, kPatience, Reader::kViewer)->connections.empty());
    CHECK(collector.Fresh(max_age, kPatience, Reader::kRecorder)->connections.size() == 1);
  }
  CHECK(passed == 0);
  hide(false);
  CHECK(collector.Latest()->connections.size() == 1);
}

TEST_CASE("a change that fails tells who asked for it, and the collector goes on", "[collector]") {
  FakeSource source;
  Counts counts;
  Collector collector{source, Options(counts)};
  CHECK_THROWS_WITH(
      collector.Change([](CollectorOptions&) { throw std::runtime_error("no room"); }), "no room");
  CHECK(collector.Fresh(0ms, kPatience) != nullptr);
}

TEST_CASE("a new user's name is asked for before the first scrape", "[collector]") {
  FakeSource source;
  Counts counts;
  const Collector collector{source, Options(counts)};
  source.Happened({{}, {1000, 1001}});
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (counts.names < 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  CHECK(counts.names == 2);
}

}  // namespace pdtt
