// SPDX-License-Identifier: Apache-2.0
#include "app/account.h"

#include <pwd.h>

#include <stdexcept>
#include <system_error>
#include <vector>

#include "collect/subuid_owners.h"

namespace pdtt {
namespace {

constexpr std::size_t kLargestEntry = 1 << 20;

}  // namespace

Account FindAccount(const std::string& name_or_uid) {
  if (const auto uid = UidOfUser(name_or_uid)) {
    std::vector<char> buffer(kLargestEntry);
    passwd entry{};
    passwd* found = nullptr;
    const int error = getpwuid_r(*uid, &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) {
      return {entry.pw_name, entry.pw_uid, entry.pw_gid};
    }
    if (error != 0) {
      throw std::system_error(error, std::system_category(), "user: look up " + name_or_uid);
    }
  }
  throw std::runtime_error("user: there is no user \"" + name_or_uid +
                           "\"; name a user of this host");
}

}  // namespace pdtt
