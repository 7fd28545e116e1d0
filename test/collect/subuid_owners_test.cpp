// SPDX-License-Identifier: Apache-2.0
#include "collect/subuid_owners.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "model/traffic.h"

namespace pdtt {
namespace {

class File {
 public:
  explicit File(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              ("pdtt_subuid_" + std::to_string(getpid()))) {
    Write(text);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { std::filesystem::remove(path_); }

  void Write(const std::string& text) const { std::ofstream{path_} << text; }
  const std::filesystem::path& Path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::optional<std::uint32_t> AliceIs1000(const std::string& name) {
  return name == "alice" ? std::optional<std::uint32_t>{1000} : std::nullopt;
}

}  // namespace

TEST_CASE("a sub-uid belongs to the user whose range holds it", "[subuid_owners]") {
  const File file{"alice:100000:65536\n"};
  SubuidOwners owners{file.Path(), AliceIs1000};
  CHECK(owners.Refresh());
  CHECK(owners.OwnerOf(99999) == 99999);
  CHECK(owners.OwnerOf(100000) == 1000);
  CHECK(owners.OwnerOf(165535) == 1000);
  CHECK(owners.OwnerOf(165536) == 165536);
}

TEST_CASE("lines that make no sense are skipped", "[subuid_owners]") {
  const File file{
      "nobody-here:1:10\nalice:x:10\nalice:20\nalice:30:0\nalice:4294967295:2\n\n:::\n"
      "alice:4294967290:5\nalice:4294967293:3\n"};
  SubuidOwners owners{file.Path(), AliceIs1000};
  CHECK(owners.Refresh());
  CHECK(owners.OwnerOf(5) == 5);
  CHECK(owners.OwnerOf(20) == 20);
  CHECK(owners.OwnerOf(30) == 30);
  CHECK(owners.OwnerOf(4294967294U) == 1000);
  CHECK(owners.OwnerOf(kKernelUid) == kKernelUid);
}

TEST_CASE("the file is read again when it changes, and may be missing", "[subuid_owners]") {
  const File file{"alice:100:10\n"};
  SubuidOwners owners{file.Path(), AliceIs1000};
  CHECK(owners.Refresh());
  file.Write("alice:200:10\n");
  std::filesystem::last_write_time(
      file.Path(), std::filesystem::file_time_type::clock::now() + std::chrono::hours{1});
  CHECK(owners.Refresh());
  CHECK_FALSE(owners.Refresh());
  CHECK(owners.Ranges() == std::vector<SubuidRange>{{200, 209, 1000}});
  CHECK(owners.OwnerOf(100) == 100);
  CHECK(owners.OwnerOf(200) == 1000);
  std::filesystem::remove(file.Path());
  CHECK(owners.Refresh());
  CHECK_FALSE(owners.Refresh());
  CHECK(owners.OwnerOf(200) == 200);
}

TEST_CASE("a file that has not changed is read again when users may have", "[subuid_owners]") {
  const File file{"alice:100:10\n"};
  std::atomic<std::uint32_t> alice = 1000;
  SubuidOwners owners{file.Path(), [&](const std::string&) { return std::optional{alice.load()}; }};
  CHECK(owners.Refresh());
  alice = 1001;
  CHECK_FALSE(owners.Refresh());
  owners.Forget();
  CHECK(owners.OwnerOf(100) == 1000);
  CHECK(owners.Refresh());
  CHECK(owners.OwnerOf(100) == 1001);
}

TEST_CASE("a name service that hangs holds up neither the collector nor the end",
          "[subuid_owners]") {
  const File file{"alice:100:10\n"};
  std::promise<void> release;
  const auto released = std::make_shared<std::shared_future<void>>(release.get_future().share());
  const auto hanging = [released](const std::string& name) {
    released->wait();
    return AliceIs1000(name);
  };
  SubuidOwners owners{file.Path(), hanging};
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    CHECK_FALSE(owners.Refresh());
  }
  CHECK(owners.OwnerOf(100) == 100);
  {
    SubuidOwners others{file.Path(), hanging};
    CHECK_FALSE(others.Refresh());
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{10});
  release.set_value();
  for (int i = 0; i < 1000 && !owners.Refresh(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  CHECK(owners.OwnerOf(100) == 1000);
}

TEST_CASE("a user is named by name or by uid", "[subuid_owners]") {
  CHECK(UidOfUser("root") == 0U);
  CHECK(UidOfUser("1234") == 1234U);
  CHECK(UidOfUser("no such user") == std::nullopt);
  CHECK(UidOfUser("kernel") == kKernelUid);
}

}  // namespace pdtt
