// SPDX-License-Identifier: Apache-2.0
// Addresses to listen on: checked here, because civetweb binds what it can make of a wrong one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pdtt {

struct ListenAddress {
  std::string host;  ///< numeric, without brackets
  std::uint16_t port = 0;
  bool ipv6 = false;
};

/// Reads HOST:PORT, [IPV6]:PORT or localhost:PORT. Throws std::runtime_error naming the text.
[[nodiscard]] ListenAddress ParseListenAddress(std::string_view text);

/// HOST:PORT, or [IPV6]:PORT.
[[nodiscard]] std::string ToString(const ListenAddress& address);

/// Throws std::runtime_error, with the system's reason, if one of the addresses can't be listened
/// on at this moment.
void CheckListenable(const std::vector<ListenAddress>& addresses);

}  // namespace pdtt
