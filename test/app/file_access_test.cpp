// SPDX-License-Identifier: Apache-2.0
#include "app/file_access.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>

namespace pdtt {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "pdtt-files-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] fs::path Add(const std::string& name) const {
    std::ofstream{path_ / name} << "x";
    return path_ / name;
  }

  [[nodiscard]] const fs::path& Path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("A file may be there already or be made", "[file_access]") {
  const Folder folder;
  CHECK(MayAppend(folder.Add("there")));
  CHECK(MayAppend(folder.Path() / "not-there"));
  CHECK(MayRead(folder.Add("there")));
}

TEST_CASE("What is missing is no matter of rights", "[file_access]") {
  const Folder folder;
  CHECK_FALSE(MayAppend(folder.Path() / "no-folder" / "file"));
  CHECK(errno == ENOENT);
  CHECK_FALSE(MayRead(folder.Path() / "not-there"));
  CHECK(errno == ENOENT);
}

TEST_CASE("The files of a prefix are those of its users, and one to come", "[file_access]") {
  const Folder folder;
  const fs::path alice = folder.Add("pdtt-alice.log");
  static_cast<void>(folder.Add("pdtt-alice.log.1.gz"));
  static_cast<void>(folder.Add("other-alice.log"));
  const std::string prefix = (folder.Path() / "pdtt").string();
  CHECK(ReportFilesOf(prefix) == std::vector<fs::path>{prefix + "-.log", alice});
}

}  // namespace pdtt
