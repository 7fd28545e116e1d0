// SPDX-License-Identifier: Apache-2.0
#include "top/password_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace pdtt::top {

std::string ReadPasswordFile(const std::filesystem::path& file) {
  constexpr std::size_t kLongest = 1024;
  struct stat facts {};
  std::ifstream stream(file);
  if (!stream || stat(file.c_str(), &facts) != 0) {
    throw std::system_error(errno, std::system_category(),
                            "cannot read the password file " + file.string());
  }
  if (S_ISREG(facts.st_mode) && (facts.st_mode & S_IROTH) != 0) {
    throw std::runtime_error("the password file " + file.string() +
                             " can be read by everybody; run chmod 600 on it");
  }
  std::string password(kLongest + 1, '\0');
  stream.read(password.data(), static_cast<std::streamsize>(password.size()));
  password.resize(static_cast<std::size_t>(stream.gcount()));
  password.resize(std::min(password.find_first_of(std::string_view("\n\r\0", 3)), password.size()));
  if (password.empty() || password.size() > kLongest) {
    throw std::runtime_error("the password file " + file.string() +
                             " has no password in its first line");
  }
  return password;
}

}  // namespace pdtt::top
