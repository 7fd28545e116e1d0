// SPDX-License-Identifier: Apache-2.0
// Whole frames: what the program makes of each shape, however much of it has arrived.
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <span>
#include <string>
#include <vector>

#include "packet_builder.h"
#include "packet_oracle.h"
#include "packet_variants.h"
#include "xdp_bench.h"

namespace pdtt::test {
namespace {

constexpr std::size_t kShortest = 14;  // the kernel runs no frame below an Ethernet header

std::span<const std::uint8_t> FirstOf(const Bytes& frame, std::size_t size) {
  return std::span{frame}.first(size);
}

struct Row {
  const char* name;
  pdtt_xdp_result result;
  Bytes frame;
};

void CheckRows(XdpBench& bench, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(bench.Run(row.frame) == Counted(row.result, row.frame.size()));
    CHECK(Classify(row.frame).result == row.result);
  }
}

TEST_CASE("Frames of a connection are attributed once it is known, whatever their headers",
          "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  for (const Variant& variant : EthernetVariants()) {
    INFO(variant.name);
    const std::size_t size = variant.frame.size();
    CHECK(bench->Run(variant.frame) == Counted(PDTT_XDP_UNKNOWN_CONNECTION, size));
    bench->Know(variant.key, 3);
    CHECK(bench->Run(variant.frame) == CountedInSlot(3, size));
    bench->Forget(variant.key);
  }
}

TEST_CASE("Link padding behind a short packet is counted and never read", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  for (Variant variant : EthernetVariants()) {
    INFO(variant.name);
    variant.frame.resize(variant.frame.size() + 46, 0x2c);
    bench->Know(variant.key, 1);
    CHECK(bench->Run(variant.frame) == CountedInSlot(1, variant.frame.size()));
    bench->Forget(variant.key);
  }
}

TEST_CASE("A frame cut off anywhere is malformed and counted with the bytes that came",
          "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  for (const Variant& variant : EthernetVariants()) {
    bench->Know(variant.key, 5);
    CHECK(bench->Refusal(FirstOf(variant.frame, kShortest - 1)) == EINVAL);
    for (std::size_t size = kShortest; size < variant.frame.size(); ++size) {
      INFO(variant.name << ", the first " << size << " of " << variant.frame.size());
      CHECK(bench->Run(FirstOf(variant.frame, size)) == Counted(PDTT_XDP_MALFORMED, size));
    }
    CHECK(bench->Run(variant.frame) == CountedInSlot(5, variant.frame.size()));
    bench->Forget(variant.key);
  }
}

TEST_CASE("A packet whose own length grows byte by byte is read as soon as its headers fit",
          "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  for (const Variant& variant : EthernetVariants()) {
    bench->Know(variant.key, 2);
    Bytes frame = variant.frame;
    for (unsigned length = 0; length <= variant.frame[variant.length_at]; ++length) {
      frame[variant.length_at] = static_cast<std::uint8_t>(length);
      INFO(variant.name << ", claimed length ending in " << length);
      const pdtt_xdp_result expected = Classify(frame).result;
      CHECK(bench->Run(frame) == (expected == PDTT_XDP_UNKNOWN_CONNECTION
                                      ? CountedInSlot(2, frame.size())
                                      : Counted(expected, frame.size())));
    }
    bench->Forget(variant.key);
  }
}

TEST_CASE("Frames without an IP packet are not_ip", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  const Bytes ipv4 = Ipv4(ReceivedIpv4(), IPPROTO_TCP, Tcp(ReceivedIpv4(), Payload(20)));
  const Bytes ipv6 = Ipv6(ReceivedIpv6(), IPPROTO_TCP, Tcp(ReceivedIpv6(), Payload(20)));
  bench->Know(KeyOf(ReceivedIpv4(), IPPROTO_TCP), 0);
  bench->Know(KeyOf(ReceivedIpv6(), IPPROTO_TCP), 1);
  CheckRows(*bench,
            {
                {"ARP", PDTT_XDP_NOT_IP, Ethernet(kEtherArp, Payload(28))},
                {"ARP in a VLAN", PDTT_XDP_NOT_IP, Ethernet(kEtherArp, Payload(28), {kEtherVlan})},
                {"an LLC length", PDTT_XDP_NOT_IP, Ethernet(46, Payload(46))},
                {"the longest LLC length", PDTT_XDP_NOT_IP, Ethernet(1500, ipv4)},
                {"MPLS", PDTT_XDP_NOT_IP, Ethernet(kEtherMpls, ipv4)},
                {"IPv4's type with its bytes swapped", PDTT_XDP_NOT_IP, Ethernet(0x0008, ipv4)},
                {"three VLAN tags", PDTT_XDP_NOT_IP,
                 Ethernet(kEtherIpv4, ipv4, {kEtherVlan, kEtherVlan, kEtherVlan})},
                {"three VLAN tags, IPv6", PDTT_XDP_NOT_IP,
                 Ethernet(kEtherIpv6, ipv6, {kEtherServiceVlan, kEtherServiceVlan, kEtherVlan})},
                {"no more than an Ethernet header", PDTT_XDP_NOT_IP, Ethernet(kEtherArp, {})},
                {"IPv4 under IPv6's type", PDTT_XDP_MALFORMED, Ethernet(kEtherIpv6, ipv4)},
                {"IPv6 under IPv4's type", PDTT_XDP_MALFORMED, Ethernet(kEtherIpv4, ipv6)},
            });
}

TEST_CASE("Fragments are told apart from whole packets", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  const Bytes udp4 = Udp(ReceivedIpv4(), Payload(24));
  const Bytes udp6 = Udp(ReceivedIpv6(), Payload(24));
  bench->Know(KeyOf(ReceivedIpv4(), IPPROTO_UDP), 0);
  bench->Know(KeyOf(ReceivedIpv6(), IPPROTO_UDP), 1);
  const auto ipv4 = [&](const Ipv4Fields& fields) {
    return Ethernet(kEtherIpv4, Ipv4(ReceivedIpv4(), IPPROTO_UDP, udp4, fields));
  };
  const auto ipv6 = [&](std::uint16_t offset, bool more) {
    return Ethernet(kEtherIpv6, Ipv6(ReceivedIpv6(), IPPROTO_FRAGMENT,
                                     Fragment(IPPROTO_UDP, offset, more, udp6)));
  };
  const Bytes behind_options = Options(IPPROTO_FRAGMENT, 2, Fragment(IPPROTO_UDP, 0, true, udp6));
  CheckRows(
      *bench,
      {
          {"IPv4, the first", PDTT_XDP_FRAGMENT, ipv4({.more_fragments = true})},
          {"IPv4, in the middle", PDTT_XDP_FRAGMENT, ipv4({.offset = 1, .more_fragments = true})},
          {"IPv4, the last", PDTT_XDP_FRAGMENT, ipv4({.offset = 0x1fff})},
          {"IPv4, an offset in the low byte", PDTT_XDP_FRAGMENT, ipv4({.offset = 0x80})},
          {"IPv4, an offset in the high byte", PDTT_XDP_FRAGMENT, ipv4({.offset = 0x1000})},
          {"IPv4 with options, the first", PDTT_XDP_FRAGMENT,
           ipv4({.ihl = 15, .more_fragments = true})},
          {"IPv6, the first", PDTT_XDP_FRAGMENT, ipv6(0, true)},
          {"IPv6, in the middle", PDTT_XDP_FRAGMENT, ipv6(1, true)},
          {"IPv6, the last", PDTT_XDP_FRAGMENT, ipv6(0x1fff, false)},
          {"IPv6, the shortest offset", PDTT_XDP_FRAGMENT, ipv6(1, false)},
          {"IPv6, behind options", PDTT_XDP_FRAGMENT,
           Ethernet(kEtherIpv6, Ipv6(ReceivedIpv6(), IPPROTO_HOPOPTS, behind_options))},
      });
  // Neither bit nor offset: RFC 6946, and IPv4's don't fragment.
  CHECK(bench->Run(ipv4({.dont_fragment = true})) == CountedInSlot(0, 66));
  CHECK(bench->Run(ipv6(0, false)) == CountedInSlot(1, 94));
}

}  // namespace
}  // namespace pdtt::test
