// SPDX-License-Identifier: Apache-2.0
#include "collect/subuid_owners.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
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
  const SubuidOwners owners{file.Path(), AliceIs1000};
  CHECK(owners.OwnerOf(99999) == 99999);
  CHECK(owners.OwnerOf(100000) == 1000);
  CHECK(owners.OwnerOf(165535) == 1000);
  CHECK(owners.OwnerOf(165536) == 165536);
}

TEST_CASE("lines that make no sense are skipped", "[subuid_owners]") {
  const File file{
      "nobody-here:1:10\nalice:x:10\nalice:20\nalice:30:0\nalice:4294967295:2\n\n:::\n"
      "alice:4294967290:5\nalice:4294967293:3\n"};
  const SubuidOwners owners{file.Path(), AliceIs1000};
  CHECK(owners.OwnerOf(5) == 5);
  CHECK(owners.OwnerOf(20) == 20);
  CHECK(owners.OwnerOf(30) == 30);
  CHECK(owners.OwnerOf(4294967294U) == 1000);
  CHECK(owners.OwnerOf(kKernelUid) == kKernelUid);
}

TEST_CASE("the file is read again when it changes, and may be missing", "[subuid_owners]") {
  const File file{"alice:100:10\n"};
  SubuidOwners owners{file.Path(), AliceIs1000};
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

TEST_CASE("a user is named by name or by uid", "[subuid_owners]") {
  CHECK(UidOfUser("root") == 0U);
  CHECK(UidOfUser("1234") == 1234U);
  CHECK(UidOfUser("no such user") == std::nullopt);
  CHECK(UidOfUser("kernel") == kKernelUid);
}

}  // namespace pdtt
