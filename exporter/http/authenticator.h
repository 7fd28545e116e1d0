// SPDX-License-Identifier: Apache-2.0
// Whether user and password are right. libcrypt ends here.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "http/basic_credentials.h"
#include "http/keyed_digest.h"
#include "model/web_security.h"

namespace pdtt {

enum class Verdict { kRight, kWrong, kBusy };

/// Checks passwords one after the other: each takes milliseconds to seconds of a CPU, by design.
/// What was right once is remembered, so that a client which has been let in doesn't wait behind
/// those who guess; where too many wait, others are told to come back. Thread-safe.
class Authenticator {
 public:
  /// The bcrypt hash of a password with the salt and cost of another hash.
  using HashFunction =
      std::function<std::string(const std::string& password, const std::string& hash)>;

  /// As many checks may run or wait; the other workers are free for those let in.
  static constexpr unsigned kMostChecks = 8;

  Authenticator();
  explicit Authenticator(HashFunction hash);

  /// `users` must not be empty. A user who is not there takes as long as one who is.
  [[nodiscard]] Verdict Check(const PasswordHashes& users, const BasicCredentials& credentials);

 private:
  [[nodiscard]] const std::string& HashToCheck(const PasswordHashes& users,
                                               std::string_view user) const;
  [[nodiscard]] bool IsRemembered(const KeyedDigest::Value& digest);
  void Remember(const KeyedDigest::Value& digest, std::size_t users);

  HashFunction hash_;
  KeyedDigest digest_;
  std::atomic<unsigned> checks_{0};
  std::mutex checking_;
  std::mutex mutex_;
  std::set<KeyedDigest::Value> right_;  ///< by user, hash and password
};

}  // namespace pdtt
