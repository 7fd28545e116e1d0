// SPDX-License-Identifier: Apache-2.0
#include "report/record_writer.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "disk.h"
#include "finished.h"

namespace pdtt {
namespace {

using test::Content;
using test::Eventually;
using test::Finished;
using test::TemporaryFolder;
using Ports = std::vector<int>;

/// A writer and what it called back with.
class Harness {
 public:
  explicit Harness(RecordOptions options, std::string journal = "/nowhere") {
    RecordCallbacks callbacks;
    callbacks.commit = [this](std::uint64_t position) {
      backwards_ = backwards_ || position < committed_;
      committed_ = position;
    };
    callbacks.name_of = [](std::uint32_t uid) { return "user" + std::to_string(uid); };
    callbacks.settle_names = [this] { ++settled_; };
    callbacks.trouble = {[this] { ++errors_; },
                         [this](const std::string& error) {
                           const std::scoped_lock lock{mutex_};
                           logged_.push_back(error);
                         }};
    callbacks.journal_socket = std::move(journal);
    writer_.emplace(std::move(options), std::move(callbacks));
  }
  ~Harness() { CHECK_FALSE(backwards_); }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  RecordWriter& operator*() { return *writer_; }
  void End() { writer_.reset(); }
  [[nodiscard]] std::uint64_t Committed() const { return committed_; }
  [[nodiscard]] bool WaitForCommit(std::uint64_t position) const {
    return Eventually([&] { return committed_ == position; });
  }
  [[nodiscard]] bool WaitForErrors(int count) const {
    return Eventually([&] { return errors_ >= count; });
  }
  [[nodiscard]] int Settled() const { return settled_; }
  [[nodiscard]] std::vector<std::string> Logged() {
    const std::scoped_lock lock{mutex_};
    return logged_;
  }

 private:
  std::atomic<std::uint64_t> committed_ = 0;
  std::atomic<bool> backwards_ = false;
  std::atomic<int> errors_ = 0;
  std::atomic<int> settled_ = 0;
  std::mutex mutex_;
  std::vector<std::string> logged_;
  std::optional<RecordWriter> writer_;
};

/// The local ports of a file's records.
// Whole lines: of one that does not fit, a part may be there until it is taken back.
Ports PortsIn(const std::filesystem::path& file) {
  Ports ports;
  std::istringstream lines{Content(file)};
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    ports.push_back(nlohmann::json::parse(line).at("local_port"));
  }
  return ports;
}

TEST_CASE("Finished connections are written, then committed") {
  const TemporaryFolder folder;
  const std::string file = folder.Path() / "records";
  Harness harness{{.file = file}};
  (*harness).Add({Finished(1), Finished(2)}, 10);
  REQUIRE(harness.WaitForCommit(10));
  CHECK(PortsIn(file) == Ports{1, 2});
  CHECK(nlohmann::json::parse(Content(file).substr(0, Content(file).find('\n')))["user"] ==
        "user1000");
  CHECK(harness.Settled() == 1);
  (*harness).Add({}, 20);
  REQUIRE(harness.WaitForCommit(20));
  CHECK(PortsIn(file) == Ports{1, 2});
}

TEST_CASE("Connections below the least size are committed without a record") {
  const TemporaryFolder folder;
  const std::string file = folder.Path() / "records";
  Harness harness{{.file = file, .min_bytes = 1000}};  // both ways; 50 are sent
  (*harness).Add({Finished(1, 949), Finished(2, 950), Finished(3, 0)}, 10);
  REQUIRE(harness.WaitForCommit(10));
  CHECK(PortsIn(file) == Ports{2});
}

TEST_CASE("Without a place for records everything is committed") {
  Harness harness{{}};
  (*harness).Add({Finished(1)}, 10);
  CHECK(harness.WaitForCommit(10));
  CHECK(harness.Settled() == 0);
}

TEST_CASE("What is waiting is written at the end") {
  const TemporaryFolder folder;
  const std::string file = folder.Path() / "records";
  Harness harness{{.file = file}};
  for (std::uint16_t port = 1; port <= 100; ++port) {
    (*harness).Add({Finished(port)}, port);
  }
  harness.End();
  CHECK(harness.Committed() == 100);
  CHECK(PortsIn(file).size() == 100);
}

TEST_CASE("Without its directory nothing is committed until it is back") {
  const TemporaryFolder folder;
  const std::filesystem::path inner = folder.Path() / "inner";
  Harness harness{{.file = inner / "records"}};
  (*harness).Add({Finished(1)}, 10);
  REQUIRE(harness.WaitForErrors(1));
  (*harness).Add({Finished(2)}, 20);
  REQUIRE(harness.WaitForErrors(3));
  CHECK(harness.Committed() == 0);
  CHECK(harness.Logged().size() == 1);  // once a minute
  CHECK_THAT(harness.Logged().at(0), Catch::Contains("No such file or directory"));
  std::filesystem::create_directory(inner);
  REQUIRE(harness.WaitForCommit(20));
  CHECK(PortsIn(inner / "records") == Ports{1, 2});
}

TEST_CASE("A writer that ends while it can't write commits nothing") {
  Harness harness{{.file = "/nowhere/at/all"}};
  (*harness).Add({Finished(1)}, 10);
  harness.End();
  CHECK(harness.Committed() == 0);
}

TEST_CASE("On a full disk what was written is committed, the rest when there is room") {
  const test::SmallDisk disk;
  if (!disk.IsMounted()) {
    WARN("skipped: needs root");
    return;
  }
  const std::string file = disk.Path() / "records";
  Harness harness{{.file = file}};
  (*harness).Add({Finished(1)}, 1);
  REQUIRE(harness.WaitForCommit(1));
  disk.Fill(1);
  Ports all = {1};
  for (std::uint16_t port = 2; port <= 100; ++port) {
    (*harness).Add({Finished(port)}, port);
    all.push_back(port);
  }
  REQUIRE(harness.WaitForErrors(2));
  CHECK(harness.Committed() == PortsIn(file).size());  // each its own position
  CHECK(harness.Committed() > 2);
  CHECK(harness.Committed() < 100);
  disk.Free();
  REQUIRE(harness.WaitForCommit(100));
  CHECK(PortsIn(file) == all);
}

TEST_CASE("A disk that is mounted read-only is written to when it can be") {
  const test::SmallDisk disk;
  if (!disk.IsMounted()) {
    WARN("skipped: needs root");
    return;
  }
  const auto remount = [&](unsigned long flags) {
    REQUIRE(mount("none", disk.Path().c_str(), nullptr, MS_REMOUNT | flags, nullptr) == 0);
  };
  remount(MS_RDONLY);
  Harness harness{{.file = disk.Path() / "records"}};
  (*harness).Add({Finished(1)}, 10);
  REQUIRE(harness.WaitForErrors(1));
  CHECK_THAT(harness.Logged().at(0), Catch::Contains("Read-only file system"));
  remount(0);
  REQUIRE(harness.WaitForCommit(10));
  CHECK(PortsIn(disk.Path() / "records") == Ports{1});
}

TEST_CASE("After a crash between writing and committing nothing is there twice") {
  const TemporaryFolder folder;
  const std::string file = folder.Path() / "records";
  {
    Harness harness{{.file = file}};
    (*harness).Add({Finished(1), Finished(2)}, 10);
  }
  Harness harness{{.file = file}};
  (*harness).Add({Finished(1), Finished(2), Finished(3)}, 15);
  REQUIRE(harness.WaitForCommit(15));
  CHECK(PortsIn(file) == Ports{1, 2, 3});
}

TEST_CASE("File and journal go on without each other; both have it before it is committed") {
  const TemporaryFolder folder;
  const std::string file = folder.Path() / "records";
  Harness harness{{.file = file, .journald = true}, folder.Path() / "socket"};
  (*harness).Add({Finished(1)}, 10);
  REQUIRE(harness.WaitForErrors(2));
  CHECK(PortsIn(file) == Ports{1});
  CHECK(harness.Committed() == 0);
  CHECK_THAT(harness.Logged().at(0), Catch::Contains("journal"));
  (*harness).SetOptions({.file = file});
  CHECK(harness.WaitForCommit(10));
  CHECK(PortsIn(file) == Ports{1});
}

TEST_CASE("New options count for what comes next") {
  const TemporaryFolder folder;
  Harness harness{{.file = folder.Path() / "first"}};
  (*harness).Add({Finished(1)}, 10);
  REQUIRE(harness.WaitForCommit(10));
  (*harness).SetOptions({.file = folder.Path() / "second", .min_bytes = 200});
  (*harness).Add({Finished(2, 1), Finished(3, 1000)}, 20);
  REQUIRE(harness.WaitForCommit(20));
  CHECK(PortsIn(folder.Path() / "first") == Ports{1});
  CHECK(PortsIn(folder.Path() / "second") == Ports{3});
}

}  // namespace
}  // namespace pdtt
