// SPDX-License-Identifier: Apache-2.0
// Which file a user's reports go to.
#pragma once

#include <string>
#include <vector>

#include "model/snapshot.h"

namespace pdtt {

/// For each user the part of the file's name that stands for it: the name where it is made of
/// letters, digits and "._-@+=$" only, else what can be kept of it and the uid. Where two users
/// would share a file, each has the uid alone. Never empty, and no path.
[[nodiscard]] std::vector<std::string> FileNames(const std::vector<User>& users);

}  // namespace pdtt
