// SPDX-License-Identifier: Apache-2.0
// The addresses of this host's interfaces, in the network namespace of the process.
#pragma once

#include <vector>

#include "bpf/unique_fd.h"
#include "model/traffic.h"

namespace pdtt {

/// IPv4 is v4-mapped. Throws std::system_error.
[[nodiscard]] std::vector<IpAddress> LocalAddresses();

/// Tells when addresses come or go, by the kernel's notifications.
class AddressChanges {
 public:
  /// Throws std::system_error.
  AddressChanges();

  /// Whether there were any since the last call. Never waits.
  [[nodiscard]] bool Any() const;

 private:
  UniqueFd socket_;
};

}  // namespace pdtt
