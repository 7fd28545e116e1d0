// SPDX-License-Identifier: Apache-2.0
#include "config/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "config/values.h"

namespace pdtt {
namespace {

constexpr std::size_t kMappedBits = 96;
constexpr std::size_t kMappedBytes = kMappedBits / 8;
constexpr std::array<std::uint8_t, kMappedBytes> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};

struct ParsedAddress {
  IpAddress bytes{};
  bool ipv4 = false;
};

std::optional<ParsedAddress> ToAddress(std::string_view text) {
  const std::string terminated(text);
  ParsedAddress address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
    return address;
  }
  std::ranges::copy(kMapped, address.bytes.begin());
  address.ipv4 = true;
  if (inet_pton(AF_INET, terminated.c_str(), &address.bytes[kMappedBytes]) == 1) {
    return address;
  }
  return std::nullopt;
}

IpAddress Masked(IpAddress address, std::size_t length) {
  for (std::size_t bit = length; bit < address.size() * 8; ++bit) {
    address[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return address;
}

bool IsMapped(const Prefix& prefix) {
  return prefix.length >= kMappedBits &&
         std::equal(kMapped.begin(), kMapped.end(), prefix.address.begin());
}

[[noreturn]] void RefusePrefix(std::string_view text) {
  throw ValueError(Quoted(text) +
                   " is not an address prefix; write it like 10.0.0.0/8 or fc00::/7");
}

}  // namespace

std::string PrefixText(const Prefix& prefix) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IsMapped(prefix)) {
    inet_ntop(AF_INET, &prefix.address[kMappedBytes], text.data(), text.size());
    return std::string(text.data()) + '/' + std::to_string(prefix.length - kMappedBits);
  }
  inet_ntop(AF_INET6, prefix.address.data(), text.data(), text.size());
  return std::string(text.data()) + '/' + std::to_string(prefix.length);
}

Prefix ParsePrefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<ParsedAddress> address = ToAddress(text.substr(0, slash));
  if (!address) {
    RefusePrefix(text);
  }
  const std::uint64_t most = address->ipv4 ? 32 : 128;
  if (slash == std::string_view::npos) {
    throw ValueError(Quoted(text) + " has no prefix length; write " + std::string(text) + '/' +
                     std::to_string(most) + " for this one address");
  }
  const std::optional<std::uint64_t> length = ToNumber(text.substr(slash + 1));
  if (!length || *length > most) {
    throw ValueError(Quoted(text) + " has no usable prefix length; use 0 to " +
                     std::to_string(most));
  }
  const std::uint64_t stored_length = *length + (address->ipv4 ? kMappedBits : 0);
  const Prefix prefix{Masked(address->bytes, stored_length),
                      static_cast<std::uint8_t>(stored_length)};
  if (prefix.address != address->bytes) {
    throw ValueError(Quoted(text) + " has bits set beyond its length; write " + PrefixText(prefix));
  }
  if (!address->ipv4 && IsMapped(prefix)) {
    throw ValueError(Quoted(text) + " is an IPv4 prefix in IPv6 form; write " + PrefixText(prefix));
  }
  return prefix;
}

std::string ParseListenAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    throw ValueError(Quoted(text) + " has no port; write HOST:PORT, such as 127.0.0.1:10435");
  }
  const std::string_view host = text.substr(0, colon);
  const std::optional<std::uint64_t> port = ToNumber(text.substr(colon + 1));
  if (!port || *port > 65535) {
    throw ValueError(Quoted(text) + " has no usable port; use 1 to 65535, or 0 for any free port");
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::optional<ParsedAddress> address =
      ToAddress(bracketed ? host.substr(1, host.size() - 2) : host);
  if (address && !address->ipv4 && !bracketed) {
    throw ValueError(Quoted(text) +
                     " has an IPv6 address without brackets; write it like [::1]:10435");
  }
  if (host != "localhost" && (!address || address->ipv4 == bracketed)) {
    throw ValueError(Quoted(text) +
                     " has no usable host; use an IPv4 address, an IPv6 address in brackets or "
                     "localhost (0.0.0.0 is every IPv4 address)");
  }
  return std::string(text);
}

}  // namespace pdtt
