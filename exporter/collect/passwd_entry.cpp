// SPDX-License-Identifier: Apache-2.0
#include "collect/passwd_entry.h"

#include <pwd.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <vector>

namespace pdtt {
namespace {

constexpr std::size_t kUsualEntry = 4096;
constexpr std::size_t kLargestEntry = 1 << 20;

// `ask` is one of the two functions, with all its arguments but the last four.
template <typename Ask>
std::optional<PasswdEntry> Find(const Ask& ask, const std::string& user) {
  std::vector<char> buffer(kUsualEntry);
  for (;;) {
    passwd entry{};
    passwd* found = nullptr;
    const int error = ask(&entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) {
      return PasswdEntry{entry.pw_name, entry.pw_uid, entry.pw_gid};
    }
    if (error == ERANGE && buffer.size() < kLargestEntry) {
      buffer.resize(buffer.size() * 2);
      continue;
    }
    // getpwuid_r(3) lists these as other ways to say "not found".
    if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM) {
      return std::nullopt;
    }
    throw std::system_error(error, std::system_category(), "look up " + user);
  }
}

}  // namespace

std::optional<PasswdEntry> FindPasswdEntry(uid_t uid) {
  return Find([uid](auto... rest) { return getpwuid_r(uid, rest...); },
              "uid " + std::to_string(uid));
}

std::optional<PasswdEntry> FindPasswdEntry(const std::string& name) {
  return Find([&name](auto... rest) { return getpwnam_r(name.c_str(), rest...); }, "user " + name);
}

std::optional<uid_t> ToUid(std::string_view text) {
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return uid;
}

}  // namespace pdtt
