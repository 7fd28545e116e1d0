// SPDX-License-Identifier: Apache-2.0
// Plain values that every module shares: protocols, directions, byte and packet counts, addresses.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pdtt {

enum class Protocol : std::uint8_t { kTcp, kUdp, kOther };

enum class Direction : std::uint8_t { kInbound, kOutbound };

/// Bytes and packets both ways. Which bytes (IP, frame, payload) is said where the struct is used.
struct Traffic {
  std::uint64_t receive_bytes = 0;
  std::uint64_t transmit_bytes = 0;
  std::uint64_t receive_packets = 0;
  std::uint64_t transmit_packets = 0;

  bool operator==(const Traffic&) const = default;

  Traffic& operator+=(const Traffic& other) {
    receive_bytes += other.receive_bytes;
    transmit_bytes += other.transmit_bytes;
    receive_packets += other.receive_packets;
    transmit_packets += other.transmit_packets;
    return *this;
  }

  Traffic& operator-=(const Traffic& other) {
    receive_bytes -= other.receive_bytes;
    transmit_bytes -= other.transmit_bytes;
    receive_packets -= other.receive_packets;
    transmit_packets -= other.transmit_packets;
    return *this;
  }

  [[nodiscard]] std::uint64_t Bytes() const { return receive_bytes + transmit_bytes; }
};

/// The owner of the kernel's own sockets: (uid_t)-1, which no account can have.
inline constexpr std::uint32_t kKernelUid = 0xffffffff;
inline constexpr std::string_view kKernelName = "kernel";

/// A line of subuid(5): uids that belong to a user.
struct SubuidRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  ///< inclusive
  std::uint32_t owner = 0;

  bool operator==(const SubuidRange&) const = default;
};

/// An IPv6 address in network byte order; IPv4 is stored v4-mapped (RFC 4291, section 2.5.5.2).
using IpAddress = std::array<std::uint8_t, 16>;

}  // namespace pdtt
