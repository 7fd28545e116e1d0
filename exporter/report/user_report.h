// SPDX-License-Identifier: Apache-2.0
// The text of a user's report: the total, and each connection that moved something.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/snapshot.h"

namespace pdtt {

/// What each block of a report ends with.
inline constexpr std::string_view kBlockEnd = "---\n\n";

struct UserReport {
  std::size_t user = 0;  ///< index into Snapshot::users
  std::string text;
};

/// For each user whose traffic is not what it was in `previous` (null: none was counted yet). Times
/// are local.
[[nodiscard]] std::vector<UserReport> UserReports(const Snapshot& current,
                                                  const Snapshot* previous);

}  // namespace pdtt
