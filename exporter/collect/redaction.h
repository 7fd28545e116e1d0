// SPDX-License-Identifier: Apache-2.0
// Takes out of a snapshot what nobody is to see. OpenSSL's digests end here.
#pragma once

#include <array>
#include <cstdint>

#include "model/privacy.h"
#include "model/snapshot.h"
#include "model/traffic.h"

namespace pdtt {

/// Addresses under other names, by a random key that nobody learns: there are too few IPv4
/// addresses for a plain digest to hide one.
class Pseudonyms {
 public:
  /// Of this run. Throws std::runtime_error without randomness.
  Pseudonyms();

  /// The same for the same user and address. Each user has others: whoever connects to an address
  /// does not find out who else does.
  [[nodiscard]] IpAddress Of(std::uint32_t uid, const IpAddress& address) const;

 private:
  std::array<std::uint8_t, 32> key_{};
};

/// What may be shown of a snapshot in which everything is.
[[nodiscard]] Snapshot Redacted(Snapshot snapshot, const Privacy& privacy,
                                const Pseudonyms& pseudonyms);

}  // namespace pdtt
