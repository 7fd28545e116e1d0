// SPDX-License-Identifier: Apache-2.0
#include "app/web_files.h"

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <catch2/catch.hpp>

#include "app/file_stamps.h"

namespace pdtt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kUsers =
    "basic_auth_users:\n"
    "  alice: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n";

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "pdtt-web-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("mkdtemp failed");
    }
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::filesystem::path File() const { return path_ / "web.yml"; }

  void Write(std::string_view content) const { std::ofstream(File()) << content; }

  /// As if it had been written long ago.
  void WriteLongAgo(std::string_view content) const {
    const std::filesystem::path fresh = path_ / "new.yml";
    std::ofstream(fresh) << content;
    std::filesystem::last_write_time(
        fresh, std::filesystem::file_time_type::clock::now() - std::chrono::hours{1});
    std::filesystem::rename(fresh, File());
  }

 private:
  std::filesystem::path path_;
};

/// What the log said.
struct Logged {
  std::string text;
  Log log{LogLevel::kInfo, LogFormat::kLogfmt, [this](std::string_view line) { text += line; }};

  [[nodiscard]] int Count(std::string_view words) const {
    int count = 0;
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) {
      ++count;
    }
    return count;
  }
};

/// Longer than the time between two looks at the files.
void WaitForLook() {
  std::this_thread::sleep_for(milliseconds{300});
}

}  // namespace

TEST_CASE("A web configuration that changes is taken over at the next look", "[web]") {
  const Folder folder;
  folder.WriteLongAgo("");
  Logged logged;
  WebFiles files(folder.File(), logged.log);
  CHECK_FALSE(files.Tls());
  REQUIRE(files.Now());
  const auto before = files.Now();
  CHECK(before->users.empty());
  folder.WriteLongAgo(kUsers);
  WaitForLook();
  CHECK(files.Now()->users.size() == 1);
  CHECK(before->users.empty());
  CHECK(logged.Count("web configuration read again") == 1);
}

TEST_CASE("A web configuration that breaks leaves nothing in force, and is said once", "[web]") {
  const std::string broken = GENERATE("nonsense: 1\n", "tls_server_config: {}\nx\n", "gone");
  const Folder folder;
  folder.WriteLongAgo(kUsers);
  Logged logged;
  WebFiles files(folder.File(), logged.log);
  REQUIRE(files.Now());
  if (broken == "gone") {
    std::filesystem::remove(folder.File());
  } else {
    folder.WriteLongAgo(broken);
  }
  for (int look = 0; look < 3; ++look) {
    WaitForLook();
    CHECK(files.Now() == nullptr);
  }
  CHECK(logged.Count("every request is refused") == 1);
  folder.WriteLongAgo(kUsers);
  WaitForLook();
  REQUIRE(files.Now());
  CHECK(files.Now()->users.size() == 1);
}

TEST_CASE("A file that is still being written is left alone", "[web]") {
  const Folder folder;
  folder.WriteLongAgo(kUsers);
  Logged logged;
  WebFiles files(folder.File(), logged.log);
  for (int write = 0; write < 10; ++write) {
    folder.Write("");
    std::this_thread::sleep_for(milliseconds{50});
    REQUIRE(files.Now());
    CHECK(files.Now()->users.size() == 1);
  }
  std::this_thread::sleep_for(milliseconds{500});
  CHECK(files.Now()->users.empty());
}

TEST_CASE("The certificate that is missing is looked for, though it never was there", "[web]") {
  const Folder folder;
  folder.WriteLongAgo("");
  Logged logged;
  WebFiles files(folder.File(), logged.log);
  folder.WriteLongAgo("tls_server_config: {cert_file: a.crt, key_file: a.key}\n");
  WaitForLook();
  CHECK(files.Now() == nullptr);
  CHECK(logged.Count("a.crt") == 1);
  std::ofstream(folder.File().parent_path() / "a.crt") << "nonsense";
  std::this_thread::sleep_for(milliseconds{600});
  CHECK(files.Now() == nullptr);
  CHECK(logged.Count("not a certificate in PEM") + logged.Count("a.key") >= 1);
}

TEST_CASE("A web configuration that is broken at the start is an error", "[web]") {
  const Folder folder;
  Logged logged;
  CHECK_THROWS(WebFiles(folder.File(), logged.log));
  folder.Write("nonsense: 1\n");
  CHECK_THROWS_AS(WebFiles(folder.File(), logged.log), ConfigError);
}

TEST_CASE("Stamps differ where a file was replaced, and are equal where it was not", "[web]") {
  const Folder folder;
  CHECK_FALSE(StampOf(folder.File()).there);
  folder.WriteLongAgo("a");
  const FileStamp first = StampOf(folder.File());
  CHECK(first.there);
  CHECK(StampOf(folder.File()) == first);
  folder.WriteLongAgo("b");
  CHECK(StampOf(folder.File()) != first);
}

TEST_CASE("Only what was written lately may still be written", "[web]") {
  const auto written = [](std::chrono::nanoseconds time) {
    return std::vector{FileStamp{}, FileStamp{.there = true, .written = time}};
  };
  CHECK(MayStillBeWritten(written(seconds{1000}), seconds{1000}));
  CHECK(MayStillBeWritten(written(seconds{1000}), seconds{1000} + milliseconds{199}));
  CHECK_FALSE(MayStillBeWritten(written(seconds{1000}), seconds{1000} + milliseconds{200}));
  CHECK_FALSE(MayStillBeWritten(written(seconds{1001}), seconds{1000}));
  CHECK_FALSE(MayStillBeWritten({FileStamp{}}, seconds{1000}));
}

}  // namespace pdtt
