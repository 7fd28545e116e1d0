// SPDX-License-Identifier: Apache-2.0
// What counts as excluded for good: users can be excluded, and no longer be, while counting goes
// on.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "model/reading.h"

namespace pdtt {

/// Without it, a user who is no longer excluded would take bytes away from a counter.
class ExcludedTraffic {
 public:
  /// The part of the account's traffic that is excluded: all of it while its user is, afterwards
  /// as much as when the user was seen excluded last.
  [[nodiscard]] Traffic PartOf(const AccountReading& account, bool is_excluded) {
    const auto key = std::tuple{account.uid, account.network, account.protocol};
    if (is_excluded) {
      parts_[key] = account.traffic;
      return account.traffic;
    }
    const auto found = parts_.find(key);
    return found == parts_.end() ? Traffic{} : found->second;
  }

 private:
  std::map<std::tuple<std::uint32_t, std::uint32_t, Protocol>, Traffic> parts_;
};

}  // namespace pdtt
