// SPDX-License-Identifier: Apache-2.0
#include "metrics/process_stats.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

namespace {

namespace fs = std::filesystem;

// A /proc of our own, gone with the object.
class FakeProc {
 public:
  FakeProc() {
    std::string name = (fs::temp_directory_path() / "pdtt_proc_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("mkdtemp failed");
    }
    path_ = name;
    fs::create_directory(path_ / "self");
  }
  ~FakeProc() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  FakeProc(const FakeProc&) = delete;
  FakeProc& operator=(const FakeProc&) = delete;
  FakeProc(FakeProc&&) = delete;
  FakeProc& operator=(FakeProc&&) = delete;

  void Write(std::string_view file, std::string_view text) const {
    std::ofstream(path_ / file) << text;
  }
  [[nodiscard]] const fs::path& Path() const { return path_; }

 private:
  fs::path path_;
};

// Fields 3 to 24 of self/stat: user time 200 ticks, system time 50, 9 threads, started at tick
// 1000, 4096000 bytes, 321 pages.
constexpr std::string_view kStatFields =
    " S 1 7 7 0 -1 4194560 1 2 3 4 200 50 5 6 20 0 9 0 1000 4096000 321 18446744073709551615\n";

}  // namespace

TEST_CASE("process statistics survive spaces and parentheses in the command") {
  const FakeProc proc;
  const auto command =
      GENERATE(values<std::string_view>({"pdtt-exporter", "a b", ") S 1 (", "))"}));
  proc.Write("self/stat", "7 (" + std::string(command) + ")" + std::string(kStatFields));
  proc.Write("stat", "cpu  1 2 3\nintr 5 6\nctxt 4\nbtime 1700000000\nprocesses 9\n");
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));

  const pdtt::ProcessStats stats = pdtt::ReadProcessStats(proc.Path());
  CHECK(stats.cpu_seconds == 250 / ticks_per_second);
  CHECK(stats.threads == 9.0);
  CHECK(stats.start_time_seconds == 1'700'000'000 + 1'000 / ticks_per_second);
  CHECK(stats.virtual_memory_bytes == 4'096'000.0);
  CHECK(stats.resident_memory_bytes == 321.0 * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

TEST_CASE("file descriptors are counted and their soft limit is read") {
  const FakeProc proc;
  fs::create_directory(proc.Path() / "self/fd");
  for (const char* const fd : {"self/fd/0", "self/fd/1", "self/fd/2"}) {
    proc.Write(fd, "");
  }
  proc.Write("self/limits",
             "Limit                     Soft Limit           Hard Limit           Units     \n"
             "Max processes             11                   22                   processes \n"
             "Max open files            1024                 524288               files     \n");
  const pdtt::ProcessStats stats = pdtt::ReadProcessStats(proc.Path());
  CHECK(stats.open_fds == 3.0);
  CHECK(stats.max_fds == 1024.0);
}

TEST_CASE("what proc does not tell is absent") {
  const FakeProc proc;
  pdtt::ProcessStats stats = pdtt::ReadProcessStats(proc.Path());
  CHECK_FALSE(stats.cpu_seconds);
  CHECK_FALSE(stats.open_fds);
  CHECK_FALSE(stats.max_fds);
  CHECK_FALSE(stats.threads);

  proc.Write("self/stat", "7 (pdtt) S 1 7 7 0");
  CHECK_FALSE(pdtt::ReadProcessStats(proc.Path()).cpu_seconds);

  proc.Write("self/stat", "7 (pdtt)" + std::string(kStatFields));
  proc.Write("self/limits", "Max open files            unlimited            unlimited  files\n");
  stats = pdtt::ReadProcessStats(proc.Path());
  CHECK(stats.cpu_seconds);
  CHECK_FALSE(stats.start_time_seconds);
  CHECK_FALSE(stats.max_fds);
}

TEST_CASE("the real proc tells everything") {
  const pdtt::ProcessStats stats = pdtt::ReadProcessStats("/proc");
  CHECK(stats.cpu_seconds);
  CHECK(stats.open_fds > 2.0);
  CHECK(stats.max_fds > 2.0);
  CHECK(stats.virtual_memory_bytes > stats.resident_memory_bytes);
  CHECK(stats.resident_memory_bytes > 100'000.0);
  CHECK(stats.start_time_seconds > 1'600'000'000.0);
  CHECK(stats.threads >= 1.0);
}
