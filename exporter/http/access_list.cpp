// SPDX-License-Identifier: Apache-2.0
#include "http/access_list.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <string_view>

namespace pdtt {
namespace {

using Binary = std::array<unsigned char, sizeof(in6_addr)>;

[[noreturn]] void ThrowInvalid(const std::string& cidr) {
  throw std::runtime_error("invalid network '" + cidr +
                           "': expected an address with a prefix, such as 10.0.0.0/8");
}

unsigned PrefixLength(const std::string& cidr, std::string_view text, unsigned bits) {
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), prefix);
  if (error != std::errc{} || end != text.data() + text.size() || prefix > bits) {
    ThrowInvalid(cidr);
  }
  return prefix;
}

/// civetweb compares the masked client with the network as written, so 10.1.2.3/8 would never
/// match.
void ClearHostBits(Binary& address, unsigned prefix) {
  for (unsigned i = 0; i < address.size(); ++i) {
    const unsigned kept = std::min(8U, prefix - std::min(prefix, 8 * i));
    address[i] &= static_cast<unsigned char>(0xff00U >> kept);
  }
}

}  // namespace

std::string AccessControlList(const std::vector<std::string>& cidrs, bool ipv6) {
  // Once there is a list, civetweb refuses whoever isn't on it.
  std::string list = "-0.0.0.0/0";
  for (const std::string& cidr : cidrs) {
    const auto slash = cidr.find('/');
    const std::string host = cidr.substr(0, slash);
    const bool is_ipv6 = host.find(':') != std::string::npos;
    const int family = is_ipv6 ? AF_INET6 : AF_INET;
    const unsigned bits = is_ipv6 ? 128 : 32;
    Binary address{};
    if (host.find('\0') != std::string::npos ||
        inet_pton(family, host.c_str(), address.data()) != 1) {
      ThrowInvalid(cidr);
    }
    const unsigned prefix =
        slash == std::string::npos
            ? bits
            : PrefixLength(cidr, std::string_view(cidr).substr(slash + 1), bits);
    if (is_ipv6 && !ipv6) {
      continue;
    }
    ClearHostBits(address, prefix);
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(family, address.data(), text.data(), text.size());
    list += std::string(",+") + text.data() + "/" + std::to_string(prefix);
  }
  return list;
}

}  // namespace pdtt
