// SPDX-License-Identifier: Apache-2.0
// Digests that only this process can make, to remember secrets by.
#pragma once

#include <array>
#include <initializer_list>
#include <string_view>

namespace pdtt {

/// HMAC-SHA256 with a random key of its own. Thread-safe.
class KeyedDigest {
 public:
  using Value = std::array<unsigned char, 32>;

  /// Throws std::runtime_error if there is no randomness.
  KeyedDigest();

  /// Of the parts and where each ends: no other parts have the same.
  [[nodiscard]] Value Of(std::initializer_list<std::string_view> parts) const;

 private:
  std::array<unsigned char, 32> key_{};
};

}  // namespace pdtt
