// SPDX-License-Identifier: Apache-2.0
#include "config/text_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace pdtt {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};

[[noreturn]] void RefuseFile(const std::filesystem::path& file, const std::string& what) {
  const int error = errno;
  throw std::system_error(error, std::system_category(),
                          "cannot read " + what + " " + file.string());
}

}  // namespace

std::string ReadTextFile(const std::filesystem::path& file, const std::string& what,
                         std::size_t most) {
  const std::unique_ptr<std::FILE, FileCloser> stream(std::fopen(file.c_str(), "re"));
  if (!stream) {
    RefuseFile(file, what);
  }
  std::string content(most + 1, '\0');
  content.resize(std::fread(content.data(), 1, content.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) {
    RefuseFile(file, what);  // a directory can be opened, but not read
  }
  return content;
}

}  // namespace pdtt
