// SPDX-License-Identifier: Apache-2.0
// Frames for the programs to read, built from the inside out: each header wraps what it carries.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pdtt::test {

using Bytes = std::vector<std::uint8_t>;
using Address = std::array<std::uint8_t, 16>;

constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherArp = 0x0806;
constexpr std::uint16_t kEtherVlan = 0x8100;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;
constexpr std::uint16_t kEtherMpls = 0x8847;
constexpr std::uint16_t kEtherServiceVlan = 0x88a8;
constexpr std::uint16_t kEtherOldQinq = 0x9100;

/// Both ends of a packet, in the order of its header.
struct Ends {
  Address source{};
  Address destination{};
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
};

/// `last` is the last byte of the address: 192.0.2.last, v4-mapped, or 2001:db8::last.
[[nodiscard]] Address Ipv4Address(std::uint8_t last);
[[nodiscard]] Address Ipv6Address(std::uint8_t last);

[[nodiscard]] Bytes Payload(std::size_t size);

/// Values that are only given where a header lies about what follows it.
struct TcpFields {
  std::uint8_t doff = 5;
  std::optional<std::uint8_t> claimed_doff = std::nullopt;
};
[[nodiscard]] Bytes Tcp(const Ends& ends, const Bytes& payload, const TcpFields& fields = {});
[[nodiscard]] Bytes Udp(const Ends& ends, const Bytes& payload,
                        std::optional<std::uint16_t> claimed_length = {});

struct Ipv4Fields {
  std::uint8_t ihl = 5;
  std::uint8_t version = 4;
  std::optional<std::uint8_t> claimed_ihl = std::nullopt;
  std::optional<std::uint16_t> claimed_total = std::nullopt;
  std::uint16_t offset = 0;  ///< of a fragment, in units of 8 bytes
  bool more_fragments = false;
  bool dont_fragment = false;
};
[[nodiscard]] Bytes Ipv4(const Ends& ends, std::uint8_t protocol, const Bytes& payload,
                         const Ipv4Fields& fields = {});

struct Ipv6Fields {
  std::uint8_t version = 6;
  std::optional<std::uint16_t> claimed_payload = std::nullopt;
};
[[nodiscard]] Bytes Ipv6(const Ends& ends, std::uint8_t next, const Bytes& payload,
                         const Ipv6Fields& fields = {});

/// Hop-by-hop, routing and destination options: `units` of 8 bytes.
[[nodiscard]] Bytes Options(std::uint8_t next, std::uint8_t units, const Bytes& payload);
/// `words` of 4 bytes.
[[nodiscard]] Bytes Authentication(std::uint8_t next, std::uint8_t words, const Bytes& payload);
[[nodiscard]] Bytes Fragment(std::uint8_t next, std::uint16_t offset, bool more,
                             const Bytes& payload);

/// `tags` are the types of VLAN tags, outermost first.
[[nodiscard]] Bytes Ethernet(std::uint16_t type, const Bytes& payload,
                             const std::vector<std::uint16_t>& tags = {});

}  // namespace pdtt::test
