// SPDX-License-Identifier: Apache-2.0
#include "report/append.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "disk.h"

namespace pdtt {
namespace {

using test::Content;
using test::SetContent;
using test::TemporaryFolder;

TEST_CASE("What is appended stays behind what was there") {
  const TemporaryFolder folder;
  const std::string file = folder.Path() / "log";
  for (int i = 0; i < 2; ++i) {
    const Appended appended = Append(file, "a\nb\n", "\n");
    CHECK(appended.bytes == 4);
    CHECK(appended.error.empty());
  }
  CHECK(Content(file) == "a\nb\na\nb\n");
}

TEST_CASE("A new file has mode 0640 whatever the umask, an old one keeps its own") {
  const TemporaryFolder folder;
  const std::string file = folder.Path() / "log";
  const mode_t mask = GENERATE(mode_t{0}, mode_t{0777});
  const mode_t before = umask(mask);
  CHECK(Append(file, "a\n", "\n").error.empty());
  umask(before);
  CHECK(test::ModeOf(file) == 0640);
  chmod(file.c_str(), 0600);
  CHECK(Append(file, "a\n", "\n").error.empty());
  CHECK(test::ModeOf(file) == 0600);
}

TEST_CASE("A renamed or removed file is made again") {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.Path() / "log";
  CHECK(Append(file, "a\n", "\n").error.empty());
  std::filesystem::rename(file, folder.Path() / "log.1");
  CHECK(Append(file, "b\n", "\n").error.empty());
  std::filesystem::remove(file);
  CHECK(Append(file, "c\n", "\n").error.empty());
  CHECK(Content(folder.Path() / "log.1") == "a\n");
  CHECK(Content(file) == "c\n");
}

TEST_CASE("Links, pipes, folders and what belongs to other users are refused") {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.Path() / "log";
  std::string error;
  SECTION("a link") {
    std::filesystem::create_symlink(folder.Write("target", ""), file);
    error = "Too many levels of symbolic links";
  }
  SECTION("a dangling link") {
    std::filesystem::create_symlink(folder.Path() / "target", file);
    error = "Too many levels of symbolic links";
  }
  SECTION("a pipe") {
    REQUIRE(mkfifo(file.c_str(), 0600) == 0);
    error = "is not a regular file";
  }
  SECTION("a folder") {
    std::filesystem::create_directory(file);
    error = "Is a directory";
  }
  SECTION("a folder that is not there") {
    std::filesystem::remove(folder.Path());
    error = "No such file or directory";
  }
  SECTION("another user's file") {
    if (geteuid() != 0) {
      WARN("skipped: needs root");
      return;
    }
    SetContent(folder.Path() / "log", "");
    REQUIRE(chown(file.c_str(), 1, 1) == 0);
    error = "belongs to another user";
  }
  const Appended appended = Append(file, "a\n", "\n");
  CHECK(appended.bytes == 0);
  CHECK_THAT(appended.error, Catch::Contains(error) && Catch::Contains(file.string()));
  CHECK(Content(folder.Path() / "target").empty());
}

TEST_CASE("A torn last line is ended before something is appended") {
  const TemporaryFolder folder;
  const std::string file = folder.Write("log", "whole\nto");
  CHECK(Append(file, "a\n", "\n").bytes == 2);
  CHECK(Content(file) == "whole\nto\na\n");
}

TEST_CASE("On a full disk whole units are kept and nothing else") {
  const test::SmallDisk disk;
  if (!disk.IsMounted()) {
    WARN("skipped: needs root");
    return;
  }
  const std::string file = disk.Path() / "log";
  REQUIRE(Append(file, "first--\n", "--\n").error.empty());
  disk.Fill(1);  // one page beside the file's own
  const std::string unit = std::string(3000, 'a') + "\n" + std::string(1000, 'b') + "--\n";
  const Appended appended = Append(file, unit + unit + unit + unit, "--\n");
  CHECK(appended.bytes == 2 * unit.size());
  CHECK_THAT(appended.error, Catch::Contains("No space left on device"));
  CHECK(Content(file) == "first--\n" + unit + unit);

  const Appended none = Append(file, std::string(70000, 'c') + "--\n", "--\n");
  CHECK(none.bytes == 0);
  CHECK(Content(file) == "first--\n" + unit + unit);
  disk.Free();
  CHECK(Append(file, unit, "--\n").error.empty());
  CHECK(Content(file) == "first--\n" + unit + unit + unit);
}

}  // namespace
}  // namespace pdtt
