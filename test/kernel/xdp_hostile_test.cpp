// SPDX-License-Identifier: Apache-2.0
// Frames that lie about themselves, and frames larger than a page.
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "packet_builder.h"
#include "packet_oracle.h"
#include "packet_variants.h"
#include "xdp_bench.h"

namespace pdtt::test {
namespace {

struct Row {
  const char* name;
  Bytes frame;
};

Bytes TcpOverIpv4(const Ipv4Fields& fields) {
  return Ethernet(kEtherIpv4,
                  Ipv4(ReceivedIpv4(), IPPROTO_TCP, Tcp(ReceivedIpv4(), Payload(20)), fields));
}

Bytes TcpOverIpv6(const Ipv6Fields& fields) {
  return Ethernet(kEtherIpv6,
                  Ipv6(ReceivedIpv6(), IPPROTO_TCP, Tcp(ReceivedIpv6(), Payload(20)), fields));
}

Bytes TcpWithDoff(std::uint8_t doff) {
  return Ethernet(kEtherIpv4, Ipv4(ReceivedIpv4(), IPPROTO_TCP,
                                   Tcp(ReceivedIpv4(), Payload(20), {.claimed_doff = doff})));
}

Bytes UdpOfLength(std::uint16_t length) {
  return Ethernet(kEtherIpv4,
                  Ipv4(ReceivedIpv4(), IPPROTO_UDP, Udp(ReceivedIpv4(), Payload(20), length)));
}

// An IPv6 packet that ends within an extension header, though the frame goes on.
Bytes CutExtension(std::uint8_t type, std::uint16_t payload_length, const Bytes& extension) {
  Bytes frame = Ethernet(
      kEtherIpv6, Ipv6(ReceivedIpv6(), type, extension, {.claimed_payload = payload_length}));
  frame.resize(frame.size() + 64, 0);
  return frame;
}

std::vector<Row> LyingIpv4() {
  std::vector<Row> rows{
      {"version 6 in an IPv4 header", TcpOverIpv4({.version = 6})},
      {"version 0", TcpOverIpv4({.version = 0})},
      {"ihl 0", TcpOverIpv4({.claimed_ihl = 0})},
      {"ihl 4", TcpOverIpv4({.claimed_ihl = 4})},
      {"ihl beyond the packet", TcpOverIpv4({.claimed_ihl = 15, .claimed_total = 40})},
      {"a total length of 0", TcpOverIpv4({.claimed_total = 0})},
      {"a total length below the header", TcpOverIpv4({.claimed_total = 19})},
      {"a total length below the header with options",
       TcpOverIpv4({.ihl = 6, .claimed_total = 23})},
      {"a total length without the TCP header", TcpOverIpv4({.claimed_total = 20})},
      {"a total length that cuts the TCP header", TcpOverIpv4({.claimed_total = 39})},
      {"a total length of one more than came", TcpOverIpv4({.claimed_total = 61})},
      {"the longest total length", TcpOverIpv4({.claimed_total = 0xffff})},
      {"doff 0", TcpWithDoff(0)},
      {"doff 4", TcpWithDoff(4)},
      {"doff beyond the packet", TcpWithDoff(11)},
      {"doff 15", TcpWithDoff(15)},
      {"a UDP length of 7", UdpOfLength(7)},
      {"a UDP length of 1", UdpOfLength(1)},
      {"a UDP length of 0", UdpOfLength(0)},
      {"a UDP length of one more than came", UdpOfLength(29)},
      {"the longest UDP length", UdpOfLength(0xffff)},
  };
  // Padding has room for the header that the packet has not.
  rows.push_back({"a TCP header in the padding", TcpOverIpv4({.claimed_total = 20})});
  rows.back().frame.resize(200, 0x50);
  rows.push_back({"TCP options in the padding", TcpWithDoff(15)});
  rows.back().frame.resize(200, 0);
  rows.push_back({"UDP data in the padding", UdpOfLength(60)});
  rows.back().frame.resize(200, 0);
  return rows;
}

std::vector<Row> LyingIpv6() {
  const Bytes tcp = Tcp(ReceivedIpv6(), Payload(20));
  return {
      {"version 4 in an IPv6 header", TcpOverIpv6({.version = 4})},
      {"version 7", TcpOverIpv6({.version = 7})},
      {"a payload length of 0", TcpOverIpv6({.claimed_payload = 0})},
      {"a payload length that cuts the TCP header", TcpOverIpv6({.claimed_payload = 19})},
      {"a payload length of one more than came", TcpOverIpv6({.claimed_payload = 41})},
      {"the longest payload length", TcpOverIpv6({.claimed_payload = 0xffff})},
      {"hop-by-hop behind the end", CutExtension(IPPROTO_HOPOPTS, 0, {})},
      {"hop-by-hop, cut off", CutExtension(IPPROTO_HOPOPTS, 7, Options(IPPROTO_TCP, 1, tcp))},
      {"routing, cut off", CutExtension(IPPROTO_ROUTING, 15, Options(IPPROTO_TCP, 2, tcp))},
      {"destination options of 2 KiB",
       CutExtension(IPPROTO_DSTOPTS, 8, {IPPROTO_TCP, 255, 0, 0, 0, 0, 0, 0})},
      {"authentication, cut off",
       CutExtension(IPPROTO_AH, 23, Authentication(IPPROTO_TCP, 6, tcp))},
      {"the longest authentication header",
       CutExtension(IPPROTO_AH, 8, {IPPROTO_TCP, 255, 0, 0, 0, 0, 0, 0})},
      {"atomic fragment, cut off",
       CutExtension(IPPROTO_FRAGMENT, 7, Fragment(IPPROTO_TCP, 0, false, tcp))},
      {"a TCP header behind the end",
       CutExtension(IPPROTO_DSTOPTS, 8, Options(IPPROTO_TCP, 1, tcp))},
  };
}

void CheckMalformed(XdpBench& bench, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(bench.Run(row.frame) == Counted(PDTT_XDP_MALFORMED, row.frame.size()));
    CHECK(Classify(row.frame).result == PDTT_XDP_MALFORMED);
  }
}

TEST_CASE("Headers whose lengths contradict each other are malformed", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  for (const std::uint8_t protocol :
       std::initializer_list<std::uint8_t>{IPPROTO_TCP, IPPROTO_UDP}) {
    bench->Know(KeyOf(ReceivedIpv4(), protocol), 0);
    bench->Know(KeyOf(ReceivedIpv6(), protocol), 1);
  }
  CheckMalformed(*bench, LyingIpv4());
  CheckMalformed(*bench, LyingIpv6());
}

TEST_CASE("A fragment header behind the end of its packet is padding, not a fragment", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  const Bytes fragment = Fragment(IPPROTO_UDP, 100, true, Payload(24));
  CheckMalformed(*bench,
                 {
                     {"the whole header", CutExtension(IPPROTO_FRAGMENT, 0, fragment)},
                     {"its last byte", CutExtension(IPPROTO_FRAGMENT, 7, fragment)},
                     {"behind options",
                      CutExtension(IPPROTO_DSTOPTS, 8, Options(IPPROTO_FRAGMENT, 1, fragment))},
                 });
}

TEST_CASE("A seventh extension header is not read", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  Bytes packet = Tcp(ReceivedIpv6(), Payload(20));
  std::uint8_t next = IPPROTO_TCP;
  for (int i = 0; i < 7; ++i) {
    packet = Options(next, 1, packet);
    next = IPPROTO_DSTOPTS;
  }
  bench->Know(KeyOf(ReceivedIpv6(), IPPROTO_TCP), 0);
  const Bytes frame = Ethernet(kEtherIpv6, Ipv6(ReceivedIpv6(), IPPROTO_DSTOPTS, packet));
  CHECK(bench->Run(frame) == Counted(PDTT_XDP_UNKNOWN_CONNECTION, frame.size()));
}

TEST_CASE("A length of 0 in UDP over IPv6 stands for all of a jumbogram", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  bench->Know(KeyOf(ReceivedIpv6(), IPPROTO_UDP), 0);
  const Bytes frame =
      Ethernet(kEtherIpv6, Ipv6(ReceivedIpv6(), IPPROTO_UDP, Udp(ReceivedIpv6(), Payload(20), 0)));
  CHECK(bench->Run(frame) == CountedInSlot(0, frame.size()));
}

TEST_CASE("Frames changed at random get the result that the RFCs give them", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  constexpr unsigned kSeed = 20'260;  // the same frames in every run
  std::mt19937 random{kSeed};
  const auto below = [&](std::size_t limit) { return random() % limit; };
  const std::vector<Variant> variants = EthernetVariants();
  // Values that headers give a meaning to, which chance would rarely hit.
  constexpr std::array<std::uint8_t, 14> kTelling{0,  1,  6,  7,    8,    17,   43,
                                                  44, 51, 60, 0x45, 0x60, 0x81, 0xff};
  std::array<int, PDTT_XDP_RESULTS> seen{};
  for (int i = 0; i < 20'000; ++i) {
    const Variant& variant = variants[below(variants.size())];
    Bytes frame = variant.frame;
    frame.resize(14 + below(frame.size() + 50));
    const std::size_t changes = 1 + below(4);
    for (std::size_t change = 0; change < changes; ++change) {
      // Mostly in what follows the link header, which few changes would leave readable.
      const std::size_t first = below(8) == 0 ? 12 : std::min(variant.ip_at, frame.size() - 1);
      frame[first + below(std::min<std::size_t>(frame.size() - first, 64))] =
          below(2) == 0 ? kTelling[below(kTelling.size())] : static_cast<std::uint8_t>(below(256));
    }
    const Opinion opinion = Classify(frame);
    ++seen[opinion.result];
    INFO("frame " << i << ", made from " << variant.name);
    if (opinion.result == PDTT_XDP_UNKNOWN_CONNECTION) {
      bench->Know(opinion.key, 4);
      CHECK(bench->Run(frame) == CountedInSlot(4, frame.size()));
      bench->Forget(opinion.key);
    }
    CHECK(bench->Run(frame) == Counted(opinion.result, frame.size()));
  }
  for (const auto result :
       {PDTT_XDP_UNKNOWN_CONNECTION, PDTT_XDP_NOT_IP, PDTT_XDP_FRAGMENT, PDTT_XDP_MALFORMED}) {
    CHECK(seen[result] > 100);
  }
}

TEST_CASE("Frames larger than a page are counted whole", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  bench->Know(KeyOf(ReceivedIpv4(), IPPROTO_TCP), 1);
  bench->Know(KeyOf(ReceivedIpv6(), IPPROTO_UDP), 2);
  for (const std::size_t payload : {1'460U, 3'000U, 4'096U, 8'946U, 9'000U, 16'000U, 40'000U}) {
    const Bytes ipv4 = Ethernet(
        kEtherIpv4, Ipv4(ReceivedIpv4(), IPPROTO_TCP, Tcp(ReceivedIpv4(), Payload(payload))));
    CHECK(bench->Run(ipv4) == CountedInSlot(1, payload + 54));
    const Bytes ipv6 = Ethernet(
        kEtherIpv6, Ipv6(ReceivedIpv6(), IPPROTO_UDP, Udp(ReceivedIpv6(), Payload(payload))),
        {kEtherServiceVlan, kEtherVlan});
    CHECK(bench->Run(ipv6) == CountedInSlot(2, payload + 70));
    Bytes cut = ipv4;
    cut.pop_back();
    CHECK(bench->Run(cut) == Counted(PDTT_XDP_MALFORMED, payload + 53));
  }
}

TEST_CASE("Headers that a driver has put beyond the directly readable part are malformed",
          "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  bench->Know(KeyOf(ReceivedIpv4(), IPPROTO_TCP), 1);
  const Bytes frame =
      Ethernet(kEtherIpv4, Ipv4(ReceivedIpv4(), IPPROTO_TCP, Tcp(ReceivedIpv4(), Payload(9'000))));
  if (bench->Refusal(frame, 54) == EINVAL) {
    WARN("this kernel's test runs cannot choose how much of a frame is directly readable");
    return;
  }
  CHECK(bench->Run(frame, 54) == CountedInSlot(1, frame.size()));
  CHECK(bench->Run(frame, 53) == Counted(PDTT_XDP_MALFORMED, frame.size()));
  CHECK(bench->Run(frame, 34) == Counted(PDTT_XDP_MALFORMED, frame.size()));
  CHECK(bench->Run(frame, 14) == Counted(PDTT_XDP_MALFORMED, frame.size()));
}

}  // namespace
}  // namespace pdtt::test
