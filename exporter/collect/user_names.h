// SPDX-License-Identifier: Apache-2.0
// User names by uid, looked up in a thread of their own: LDAP and SSSD can hang for seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "collect/lookup_thread.h"

namespace pdtt {

/// The name of a user, empty if there is none; throws if the name service fails.
using UserLookup = std::function<std::optional<std::string>(std::uint32_t)>;

/// From the user database, or "kernel" for the kernel itself. Throws std::system_error.
[[nodiscard]] std::optional<std::string> LookUpUser(std::uint32_t uid);

struct UserNamesOptions {
  UserLookup look_up = LookUpUser;
  std::chrono::milliseconds known_for{600'000};   ///< then a name is looked up again
  std::chrono::milliseconds unknown_for{60'000};  ///< the same for a uid without a name
  std::function<void()> on_error;                 ///< called from the look-up thread
};

/// Thread-safe. No call waits for a name service but WaitForNewNames().
class UserNames {
 public:
  explicit UserNames(UserNamesOptions options);

  /// The name if it is known, else the uid in decimal and a look-up is under way. An outdated name
  /// is given until the new one is known.
  [[nodiscard]] std::string Name(std::uint32_t uid);

  /// Every name is outdated.
  void Forget();

  /// Waits until every uid asked for so far has been answered at least once. A label that is the
  /// uid first and the name later makes two series, and increase() misses what came before.
  /// False on time-out.
  bool WaitForNewNames(std::chrono::milliseconds timeout);

 private:
  class Cache;
  std::shared_ptr<Cache> cache_;
  LookupThread thread_;
};

}  // namespace pdtt
