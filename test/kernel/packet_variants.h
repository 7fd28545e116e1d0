// SPDX-License-Identifier: Apache-2.0
// Whole, correct frames of one connection in every shape the parser has to know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "packet_builder.h"
#include "pdtt_abi.h"

namespace pdtt::test {

struct Variant {
  std::string name;
  Bytes frame;
  std::size_t ip_at = 0;      ///< where the IP header begins
  std::size_t length_at = 0;  ///< the low byte of the length in the IP header
  pdtt_conn_key key{};
};

/// A packet from the remote to the local end, as XDP sees it.
[[nodiscard]] Ends ReceivedIpv4();
[[nodiscard]] Ends ReceivedIpv6();

/// The connection of a received packet. Protocols without ports have port 0.
[[nodiscard]] pdtt_conn_key KeyOf(const Ends& received, std::uint8_t protocol);

/// IP packets without a link header, `name` telling the headers.
struct IpVariant {
  std::string name;
  std::uint16_t ether_type = 0;
  Bytes packet;
  std::size_t headers = 0;  ///< bytes of IP, extension and transport headers
  pdtt_conn_key key{};
};
[[nodiscard]] std::vector<IpVariant> Ipv4Variants();
[[nodiscard]] std::vector<IpVariant> Ipv6Variants();

/// Each of them behind each VLAN stacking.
[[nodiscard]] std::vector<Variant> EthernetVariants();

}  // namespace pdtt::test
