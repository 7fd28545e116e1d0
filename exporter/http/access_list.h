// SPDX-License-Identifier: Apache-2.0
// The networks that may connect, as the list that civetweb checks before a worker is involved.
#pragma once

#include <string>
#include <vector>

namespace pdtt {

/// Checks and normalises CIDRs and writes them for civetweb. Without `ipv6` the IPv6 ones are left
/// out: such a server has no IPv6 clients, and civetweb would call them malformed. An empty list
/// lets nobody in. Throws std::runtime_error for a text that isn't a network.
[[nodiscard]] std::string AccessControlList(const std::vector<std::string>& cidrs, bool ipv6);

}  // namespace pdtt
