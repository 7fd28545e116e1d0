// SPDX-License-Identifier: Apache-2.0
#include "packet_builder.h"

#include <algorithm>

namespace pdtt::test {
namespace {

void Put8(Bytes& to, std::size_t value) {
  to.push_back(static_cast<std::uint8_t>(value & 0xffU));
}

void Put16(Bytes& to, std::size_t value) {
  Put8(to, value >> 8U);
  Put8(to, value);
}

void Put32(Bytes& to, std::size_t value) {
  Put16(to, value >> 16U);
  Put16(to, value);
}

void PutZeros(Bytes& to, std::size_t count) {
  to.insert(to.end(), count, 0);
}

// Not zeros: a parser that goes astray must not find a plausible header there.
void PutFiller(Bytes& to, std::size_t count) {
  to.insert(to.end(), count, 0xa5);
}

Bytes Joined(Bytes header, const Bytes& payload) {
  header.insert(header.end(), payload.begin(), payload.end());
  return header;
}

}  // namespace

Address Ipv4Address(std::uint8_t last) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last};
}

Address Ipv6Address(std::uint8_t last) {
  return {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last};
}

Bytes Payload(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 7 + 3);
  }
  return bytes;
}

Bytes Tcp(const Ends& ends, const Bytes& payload, const TcpFields& fields) {
  Bytes header;
  Put16(header, ends.source_port);
  Put16(header, ends.destination_port);
  Put32(header, 0x01020304);  // sequence number
  Put32(header, 0x05060708);  // acknowledgement
  Put8(header, static_cast<std::size_t>(fields.claimed_doff.value_or(fields.doff)) << 4U);
  Put8(header, 0x18);  // PSH, ACK
  Put16(header, 512);  // window
  Put32(header, 0);    // checksum, urgent pointer
  PutFiller(header, std::size_t{fields.doff} * 4 - header.size());
  return Joined(std::move(header), payload);
}

Bytes Udp(const Ends& ends, const Bytes& payload, std::optional<std::uint16_t> claimed_length) {
  Bytes header;
  Put16(header, ends.source_port);
  Put16(header, ends.destination_port);
  Put16(header, claimed_length.value_or(static_cast<std::uint16_t>(8 + payload.size())));
  Put16(header, 0);
  return Joined(std::move(header), payload);
}

Bytes Ipv4(const Ends& ends, std::uint8_t protocol, const Bytes& payload,
           const Ipv4Fields& fields) {
  const std::size_t total = std::size_t{fields.ihl} * 4 + payload.size();
  Bytes header;
  Put8(header, (std::size_t{fields.version} * 16) | fields.claimed_ihl.value_or(fields.ihl));
  Put8(header, 0);
  Put16(header, fields.claimed_total.value_or(static_cast<std::uint16_t>(total)));
  Put16(header, 0x1234);  // identification
  Put16(header, (fields.dont_fragment ? 0x4000U : 0U) | (fields.more_fragments ? 0x2000U : 0U) |
                    fields.offset);
  Put8(header, 64);
  Put8(header, protocol);
  Put16(header, 0);  // checksum: nobody on this path checks it
  header.insert(header.end(), ends.source.begin() + 12, ends.source.end());
  header.insert(header.end(), ends.destination.begin() + 12, ends.destination.end());
  PutFiller(header, std::size_t{fields.ihl} * 4 - header.size());
  return Joined(std::move(header), payload);
}

Bytes Ipv6(const Ends& ends, std::uint8_t next, const Bytes& payload, const Ipv6Fields& fields) {
  Bytes header;
  Put8(header, std::size_t{fields.version} * 16);
  PutZeros(header, 3);
  Put16(header, fields.claimed_payload.value_or(static_cast<std::uint16_t>(payload.size())));
  Put8(header, next);
  Put8(header, 64);
  header.insert(header.end(), ends.source.begin(), ends.source.end());
  header.insert(header.end(), ends.destination.begin(), ends.destination.end());
  return Joined(std::move(header), payload);
}

Bytes Options(std::uint8_t next, std::uint8_t units, const Bytes& payload) {
  Bytes header;
  Put8(header, next);
  Put8(header, units - 1U);
  PutFiller(header, std::size_t{units} * 8 - 2);
  return Joined(std::move(header), payload);
}

Bytes Authentication(std::uint8_t next, std::uint8_t words, const Bytes& payload) {
  Bytes header;
  Put8(header, next);
  Put8(header, words - 2U);
  PutFiller(header, std::size_t{words} * 4 - 2);
  return Joined(std::move(header), payload);
}

Bytes Fragment(std::uint8_t next, std::uint16_t offset, bool more, const Bytes& payload) {
  Bytes header;
  Put8(header, next);
  Put8(header, 0);
  Put16(header, static_cast<std::size_t>(offset) * 8U + (more ? 1U : 0U));
  Put32(header, 0xcafef00d);
  return Joined(std::move(header), payload);
}

Bytes Ethernet(std::uint16_t type, const Bytes& payload, const std::vector<std::uint16_t>& tags) {
  Bytes header;
  PutFiller(header, 12);
  for (const std::uint16_t tag : tags) {
    Put16(header, tag);
    Put16(header, 100);
  }
  Put16(header, type);
  return Joined(std::move(header), payload);
}

}  // namespace pdtt::test
