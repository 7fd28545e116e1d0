// SPDX-License-Identifier: Apache-2.0
#include "top/password_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

namespace pdtt::top {
namespace {

class File {
 public:
  explicit File(const std::string& content, mode_t mode = 0600)
      : path_(std::filesystem::temp_directory_path() /
              ("pdtt-password-" + std::to_string(getpid()))) {
    std::ofstream(path_) << content;
    chmod(path_.c_str(), mode);
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&&) = delete;
  File& operator=(File&&) = delete;

  [[nodiscard]] const std::filesystem::path& Path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST_CASE("The password is the first line, blanks and all") {
  const std::string content = GENERATE(std::string("a b: c"), "a b: c\n", "a b: c\r\n",
                                       "a b: c\nmore\n" + std::string(5000, 'x'));
  CHECK(ReadPasswordFile(File(content).Path()) == "a b: c");
}

TEST_CASE("A file that everybody can read is no place for a password") {
  const File file("secret\n", 0644);
  CHECK_THROWS_WITH(ReadPasswordFile(file.Path()), Catch::Contains("chmod 600"));
}

TEST_CASE("A group may read the password") {
  CHECK(ReadPasswordFile(File("secret", 0640).Path()) == "secret");
}

TEST_CASE("A file without a password is refused") {
  const std::string content =
      GENERATE(std::string(), std::string("\n"), std::string("\nsecret\n"), std::string(2000, 'x'));
  const File file(content);
  CHECK_THROWS_WITH(ReadPasswordFile(file.Path()), Catch::Contains("no password"));
}

TEST_CASE("A file that is not there is said to be missing") {
  CHECK_THROWS_WITH(ReadPasswordFile("/nonexistent/file"),
                    Catch::Contains("No such file or directory"));
}

}  // namespace
}  // namespace pdtt::top
