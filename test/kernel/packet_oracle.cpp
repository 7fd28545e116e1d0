// SPDX-License-Identifier: Apache-2.0
#include "packet_oracle.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <set>

#include "packet_builder.h"

namespace pdtt::test {
namespace {

constexpr std::size_t kTagsRead = 2;
constexpr std::size_t kExtensionsRead = 6;

struct TooShort {};

// What is left of the frame. Lengths in headers only ever make it shorter.
class Cursor {
 public:
  explicit Cursor(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  void LimitTo(std::size_t size) {
    Require(size);
    bytes_ = bytes_.first(size);
  }

  std::span<const std::uint8_t> Take(std::size_t size) {
    Require(size);
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  [[nodiscard]] std::uint8_t Peek(std::size_t at) const {
    Require(at + 1);
    return bytes_[at];
  }

  [[nodiscard]] std::size_t Peek16(std::size_t at) const {
    return Peek(at) * std::size_t{256} + Peek(at + 1);
  }

  void Require(std::size_t size) const {
    if (size > bytes_.size()) {
      throw TooShort{};
    }
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

void RequireThat(bool condition) {
  if (!condition) {
    throw TooShort{};
  }
}

Opinion Whole(Cursor at, std::uint8_t protocol, pdtt_conn_key key, bool ipv6) {
  key.protocol = protocol;
  if (protocol == IPPROTO_TCP) {
    at.Require(20);
    const std::size_t size = (at.Peek(12) >> 4U) * std::size_t{4};
    RequireThat(size >= 20);
    at.Require(size);
  } else if (protocol == IPPROTO_UDP) {
    at.Require(8);
    const std::size_t size = at.Peek16(4);
    RequireThat(size >= 8 || (ipv6 && size == 0));  // 0: RFC 2675
    at.Require(size);
  } else {
    return {PDTT_XDP_UNKNOWN_CONNECTION, key};
  }
  key.remote_port = static_cast<std::uint16_t>(at.Peek16(0));
  key.local_port = static_cast<std::uint16_t>(at.Peek16(2));
  return {PDTT_XDP_UNKNOWN_CONNECTION, key};
}

void CopyMapped(std::uint8_t* to, std::span<const std::uint8_t> address) {
  to[10] = to[11] = 0xff;
  std::copy(address.begin(), address.end(), to + 12);
}

Opinion ClassifyIpv4(Cursor at) {
  at.Require(20);
  RequireThat(at.Peek(0) >> 4U == 4);
  const std::size_t header = (at.Peek(0) & 15U) * std::size_t{4};
  RequireThat(header >= 20);
  at.LimitTo(at.Peek16(2));
  const auto fields = at.Take(header);
  pdtt_conn_key key{};
  CopyMapped(std::begin(key.remote_addr), fields.subspan(12, 4));
  CopyMapped(std::begin(key.local_addr), fields.subspan(16, 4));
  const bool more = (fields[6] & 0x20U) != 0;
  const bool offset = (fields[6] & 0x1fU) != 0 || fields[7] != 0;
  if (more || offset) {
    return {PDTT_XDP_FRAGMENT, {}};
  }
  return Whole(at, fields[9], key, false);
}

Opinion ClassifyIpv6(Cursor at) {
  const auto fields = at.Take(40);
  RequireThat(fields[0] >> 4U == 6);
  at.LimitTo(fields[4] * std::size_t{256} + fields[5]);
  pdtt_conn_key key{};
  std::copy_n(fields.begin() + 8, 16, std::begin(key.remote_addr));
  std::copy_n(fields.begin() + 24, 16, std::begin(key.local_addr));
  static const std::set<std::uint8_t> extensions{IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
                                                 IPPROTO_AH, IPPROTO_DSTOPTS};
  std::uint8_t next = fields[6];
  for (std::size_t i = 0; i < kExtensionsRead && extensions.contains(next); ++i) {
    at.Require(8);
    std::size_t size = (at.Peek(1) + std::size_t{1}) * 8;
    if (next == IPPROTO_AH) {
      size = (at.Peek(1) + std::size_t{2}) * 4;
    } else if (next == IPPROTO_FRAGMENT) {
      size = 8;
      const std::size_t bits = at.Peek16(2);
      if (bits / 8 != 0 || bits % 2 != 0) {
        return {PDTT_XDP_FRAGMENT, {}};
      }
    }
    next = at.Take(size)[0];
  }
  return Whole(at, next, key, true);
}

Opinion ClassifyFrame(Cursor at) {
  at.Take(12);
  std::size_t type = at.Peek16(0);
  at.Take(2);
  for (std::size_t i = 0; i < kTagsRead; ++i) {
    if (type != kEtherVlan && type != kEtherServiceVlan && type != kEtherOldQinq) {
      break;
    }
    type = at.Peek16(2);
    at.Take(4);
  }
  if (type == kEtherIpv4) {
    return ClassifyIpv4(at);
  }
  if (type == kEtherIpv6) {
    return ClassifyIpv6(at);
  }
  return {PDTT_XDP_NOT_IP, {}};
}

}  // namespace

Opinion Classify(std::span<const std::uint8_t> frame) {
  try {
    return ClassifyFrame(Cursor{frame});
  } catch (const TooShort&) {
    return {PDTT_XDP_MALFORMED, {}};
  }
}

}  // namespace pdtt::test
