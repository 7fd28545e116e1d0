// SPDX-License-Identifier: Apache-2.0
// A user of this host to run as.
#pragma once

#include <sys/types.h>

#include <string>

namespace pdtt {

struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// By name, or by uid. Throws std::runtime_error with the remedy if there is no such user.
[[nodiscard]] Account FindAccount(const std::string& name_or_uid);

}  // namespace pdtt
