// SPDX-License-Identifier: Apache-2.0
#include "http/authenticator.h"

#include <crypt.h>

#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

namespace pdtt {
namespace {

// bcrypt looks at no more, so a longer one is never right, even if it begins like the right one.
constexpr std::size_t kLongestPassword = 72;

std::string Bcrypt(const std::string& password, const std::string& hash) {
  const auto data = std::make_unique<crypt_data>();  // 32 KiB: too much for a worker's stack
  const char* result = crypt_r(password.c_str(), hash.c_str(), data.get());
  std::string text = result != nullptr ? result : "";
  explicit_bzero(data.get(), sizeof(crypt_data));
  return text;
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0U : 1U;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ b[i]));
  }
  return difference == 0;
}

bool CanBeRight(const std::string& password) {
  return password.size() <= kLongestPassword && password.find('\0') == std::string::npos;
}

/// One of the checks that run or wait.
class CheckPlace {
 public:
  explicit CheckPlace(std::atomic<unsigned>& checks)
      : checks_(checks), free_(checks.fetch_add(1) < Authenticator::kMostChecks) {}
  ~CheckPlace() { --checks_; }
  CheckPlace(const CheckPlace&) = delete;
  CheckPlace& operator=(const CheckPlace&) = delete;
  CheckPlace(CheckPlace&&) = delete;
  CheckPlace& operator=(CheckPlace&&) = delete;

  [[nodiscard]] bool IsFree() const { return free_; }

 private:
  std::atomic<unsigned>& checks_;
  bool free_;
};

}  // namespace

Authenticator::Authenticator() : Authenticator(Bcrypt) {}

Authenticator::Authenticator(HashFunction hash) : hash_(std::move(hash)) {}

Verdict Authenticator::Check(const PasswordHashes& users, const BasicCredentials& credentials) {
  const std::string& hash = HashToCheck(users, credentials.user);
  const bool known = users.contains(credentials.user);
  const KeyedDigest::Value digest = digest_.Of({credentials.user, hash, credentials.password});
  if (known && IsRemembered(digest)) {
    return Verdict::kRight;
  }
  const CheckPlace place(checks_);
  if (!place.IsFree()) {
    return Verdict::kBusy;
  }
  const std::lock_guard lock(checking_);
  if (known && IsRemembered(digest)) {
    return Verdict::kRight;  // another request with the same password was first
  }
  const bool possible = known && CanBeRight(credentials.password);
  const std::string computed = hash_(credentials.password.substr(0, kLongestPassword), hash);
  if (!EqualInConstantTime(computed, hash) || !possible) {
    return Verdict::kWrong;
  }
  Remember(digest, users.size());
  return Verdict::kRight;
}

/// For a name that nobody has, the hash of a user whom the name always leads to: so it costs what
/// a user's costs, also where users' costs differ.
const std::string& Authenticator::HashToCheck(const PasswordHashes& users,
                                              std::string_view user) const {
  const auto found = users.find(user);
  if (found != users.end()) {
    return found->second;
  }
  std::size_t number = 0;
  const KeyedDigest::Value digest = digest_.Of({user});
  std::memcpy(&number, digest.data(), sizeof(number));
  return std::next(users.begin(), static_cast<std::ptrdiff_t>(number % users.size()))->second;
}

bool Authenticator::IsRemembered(const KeyedDigest::Value& digest) {
  const std::lock_guard lock(mutex_);
  return right_.contains(digest);
}

void Authenticator::Remember(const KeyedDigest::Value& digest, std::size_t users) {
  const std::lock_guard lock(mutex_);
  // A hash has one password: there are more only if users or hashes have changed.
  if (right_.size() >= users) {
    right_.clear();
  }
  right_.insert(digest);
}

}  // namespace pdtt
