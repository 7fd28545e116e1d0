// SPDX-License-Identifier: Apache-2.0
#include "report/report_writer.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>

#include "disk.h"
#include "snapshots.h"

namespace pdtt {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::Content;
using test::Eventually;
using test::TemporaryFolder;

/// A writer with snapshots that the test makes; its console is a pipe.
class Harness {
 public:
  explicit Harness(ReportOptions options) {
    REQUIRE(pipe(console_.data()) == 0);
    ReportCallbacks callbacks;
    callbacks.snapshot = [this] {
      const std::scoped_lock lock{mutex_};
      return snapshot_;
    };
    callbacks.trouble = {[this] { ++errors_; }, [](const std::string& /*error*/) {}};
    callbacks.console_fd = console_[1];
    writer_.emplace(std::move(options), std::move(callbacks));
  }
  ~Harness() {
    writer_.reset();
    close(console_[0]);
    close(console_[1]);
  }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  /// alice has so many bytes from now on, and bob one.
  void SetBytes(std::uint64_t bytes) {
    Snapshot snapshot = test::EmptySnapshot();
    const Traffic traffic = {bytes, 0, 1, 0};
    test::AddConnection(snapshot, test::AddUser(snapshot, 1000, "alice", traffic), 1, traffic);
    test::AddUser(snapshot, 1001, "bob", {1, 0, 1, 0});
    const std::scoped_lock lock{mutex_};
    snapshot_ = std::make_shared<const Snapshot>(std::move(snapshot));
  }

  ReportWriter& operator*() { return *writer_; }
  void End() { writer_.reset(); }
  [[nodiscard]] int Errors() const { return errors_; }
  [[nodiscard]] std::string ReadConsole() const {
    std::string text(65536, '\0');
    const ssize_t size = read(console_[0], text.data(), text.size());
    REQUIRE(size > 0);
    text.resize(static_cast<std::size_t>(size));
    return text;
  }

 private:
  std::array<int, 2> console_{};
  std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::atomic<int> errors_ = 0;
  std::optional<ReportWriter> writer_;
};

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST_CASE("Each user has a file, written to at every interval in which something moved") {
  const TemporaryFolder folder;
  const std::filesystem::path alice = folder.Path() / "pdtt-alice.log";
  Harness harness{{.prefix = folder.Path() / "pdtt", .interval = milliseconds{20}}};
  harness.SetBytes(100);
  REQUIRE(Eventually([&] { return Count(Content(alice), "Total: 100 bytes") == 2; }));
  harness.SetBytes(300);
  REQUIRE(Eventually([&] { return Count(Content(alice), "Total: 300 bytes") == 2; }));
  harness.End();
  CHECK(Count(Content(alice), "Network Statistics Report") == 2);
  CHECK(Count(Content(alice), "Per-Connection Statistics") == 2);
  CHECK(Count(Content(folder.Path() / "pdtt-bob.log"), "Report") == 1);
  CHECK(test::ModeOf(alice) == 0640);
}

TEST_CASE("The last state is written at the end, not the same twice") {
  const TemporaryFolder folder;
  const std::filesystem::path alice = folder.Path() / "pdtt-alice.log";
  Harness harness{{.prefix = folder.Path() / "pdtt", .interval = hours{1}}};
  harness.SetBytes(100);
  harness.End();
  CHECK(Count(Content(alice), "Total: 100 bytes") == 2);
}

TEST_CASE("The console has the reports of all users, with files or without") {
  const TemporaryFolder folder;
  ReportOptions options{.prefix = std::nullopt, .console = true, .interval = hours{1}};
  const bool with_files = GENERATE(false, true);
  if (with_files) {
    options.prefix = folder.Path() / "pdtt";
  }
  Harness harness{options};
  harness.SetBytes(100);
  harness.End();
  const std::string text = harness.ReadConsole();
  CHECK(Count(text, "Username: alice") == 2);
  CHECK(Count(text, "Username: bob") == 1);
  CHECK(std::filesystem::is_empty(folder.Path()) != with_files);
  CHECK(harness.Errors() == 0);
}

TEST_CASE("Without files and console no snapshot is asked for") {
  Harness harness{{.prefix = std::nullopt,
                   .interval = milliseconds{10}}};  // there is none, which would be an error
  std::this_thread::sleep_for(milliseconds{50});
  harness.End();
  CHECK(harness.Errors() == 0);
}

TEST_CASE("A new interval and a new prefix are taken at once") {
  const TemporaryFolder folder;
  Harness harness{{.prefix = folder.Path() / "old", .interval = hours{1}}};
  harness.SetBytes(100);
  (*harness).SetOptions({.prefix = folder.Path() / "new", .interval = milliseconds{20}});
  CHECK(Eventually([&] { return !Content(folder.Path() / "new-alice.log").empty(); }));
  CHECK_FALSE(std::filesystem::exists(folder.Path() / "old-alice.log"));
}

TEST_CASE("What could not be written is reported when it can be, though nothing moved since") {
  const TemporaryFolder folder;
  const std::filesystem::path inner = folder.Path() / "inner";
  Harness harness{{.prefix = inner / "pdtt", .interval = milliseconds{20}}};
  harness.SetBytes(100);
  REQUIRE(Eventually([&] { return harness.Errors() >= 4; }));
  std::filesystem::create_directory(inner);
  REQUIRE(Eventually([&] { return Count(Content(inner / "pdtt-alice.log"), "100 bytes") > 0; }));
  harness.End();
  const std::string text = Content(inner / "pdtt-alice.log");
  CHECK(Count(text, "Network Statistics Report") == 1);
  CHECK(Count(text, "Per-Connection Statistics") == 1);
  CHECK(Count(Content(inner / "pdtt-bob.log"), "Report") == 1);
}

TEST_CASE("One user's file that can't be written is no other user's trouble") {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/nowhere", folder.Path() / "pdtt-alice.log");
  Harness harness{{.prefix = folder.Path() / "pdtt", .interval = milliseconds{20}}};
  harness.SetBytes(100);
  REQUIRE(Eventually([&] { return harness.Errors() >= 3; }));
  std::filesystem::remove(folder.Path() / "pdtt-alice.log");
  REQUIRE(Eventually([&] { return !Content(folder.Path() / "pdtt-alice.log").empty(); }));
  harness.End();
  CHECK(Count(Content(folder.Path() / "pdtt-bob.log"), "Report") == 1);
}

TEST_CASE("On a full disk a report is there as a whole or not at all") {
  const test::SmallDisk disk;
  if (!disk.IsMounted()) {
    WARN("skipped: needs root");
    return;
  }
  disk.Fill(0);
  Harness harness{{.prefix = disk.Path() / "pdtt", .interval = milliseconds{20}}};
  harness.SetBytes(100);
  REQUIRE(Eventually([&] { return harness.Errors() >= 4; }));
  CHECK(Content(disk.Path() / "pdtt-alice.log").empty());
  disk.Free();
  REQUIRE(Eventually([&] { return !Content(disk.Path() / "pdtt-alice.log").empty(); }));
  CHECK_THAT(Content(disk.Path() / "pdtt-alice.log"),
             Catch::StartsWith("=== Network Statistics Report"));
}

}  // namespace
}  // namespace pdtt
