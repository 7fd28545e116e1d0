// SPDX-License-Identifier: Apache-2.0
// Which connection, slot and interface a frame is counted under.
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "packet_builder.h"
#include "packet_variants.h"
#include "xdp_bench.h"

namespace pdtt::test {
namespace {

Bytes TcpFrame(const Ends& ends) {
  const Bytes tcp = Tcp(ends, Payload(30));
  return ends.source[10] == 0xff ? Ethernet(kEtherIpv4, Ipv4(ends, IPPROTO_TCP, tcp))
                                 : Ethernet(kEtherIpv6, Ipv6(ends, IPPROTO_TCP, tcp));
}

std::vector<std::pair<std::string, Ends>> Neighbours(const Ends& ends) {
  std::vector<std::pair<std::string, Ends>> neighbours(7, {"", ends});
  neighbours[0].first = "ports swapped";
  std::swap(neighbours[0].second.source_port, neighbours[0].second.destination_port);
  neighbours[1].first = "addresses swapped";
  std::swap(neighbours[1].second.source, neighbours[1].second.destination);
  neighbours[2].first = "both swapped: our own packet come back";
  std::swap(neighbours[2].second.source, neighbours[2].second.destination);
  std::swap(neighbours[2].second.source_port, neighbours[2].second.destination_port);
  neighbours[3].first = "another remote port";
  ++neighbours[3].second.source_port;
  neighbours[4].first = "a local port with its bytes swapped";
  neighbours[4].second.destination_port = __builtin_bswap16(ends.destination_port);
  neighbours[5].first = "another remote address";
  ++neighbours[5].second.source[15];
  neighbours[6].first = "another local address, first byte of its own";
  ++neighbours[6].second.destination[12];
  return neighbours;
}

TEST_CASE("Only the very same connection is attributed", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  for (const Ends& ends : {ReceivedIpv4(), ReceivedIpv6()}) {
    bench->Know(KeyOf(ends, IPPROTO_TCP), 6);
    const Bytes frame = TcpFrame(ends);
    CHECK(bench->Run(frame) == CountedInSlot(6, frame.size()));
    for (const auto& [name, neighbour] : Neighbours(ends)) {
      INFO(name);
      CHECK(bench->Run(TcpFrame(neighbour)) == Counted(PDTT_XDP_UNKNOWN_CONNECTION, frame.size()));
    }
  }
  const Bytes udp =
      Ethernet(kEtherIpv4, Ipv4(ReceivedIpv4(), IPPROTO_UDP, Udp(ReceivedIpv4(), Payload(30))));
  CHECK(bench->Run(udp) == Counted(PDTT_XDP_UNKNOWN_CONNECTION, udp.size()));
}

TEST_CASE("A native IPv6 packet is never taken for the IPv4 one with the same bytes", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  Ends compatible = ReceivedIpv4();  // ::192.0.2.7 instead of ::ffff:192.0.2.7
  compatible.source[10] = compatible.source[11] = 0;
  compatible.destination[10] = compatible.destination[11] = 0;
  bench->Know(KeyOf(ReceivedIpv4(), IPPROTO_TCP), 6);
  const Bytes frame = TcpFrame(compatible);
  CHECK(bench->Run(frame) == Counted(PDTT_XDP_UNKNOWN_CONNECTION, frame.size()));
}

TEST_CASE("Many connections at once each count in their own slot", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  const auto ends_of = [](std::uint16_t number) {
    Ends ends = number % 2 == 0 ? ReceivedIpv4() : ReceivedIpv6();
    ends.source_port = static_cast<std::uint16_t>(1'000 + number);
    return ends;
  };
  for (std::uint16_t number = 0; number < 64; ++number) {
    bench->Know(KeyOf(ends_of(number), IPPROTO_TCP), number % XdpBench::kSlots);
  }
  for (std::uint16_t number = 0; number < 64; ++number) {
    const Bytes frame = TcpFrame(ends_of(number));
    CHECK(bench->Run(frame) == CountedInSlot(number % XdpBench::kSlots, frame.size()));
  }
}

TEST_CASE("A known connection without an account counts as attributed and in no slot", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex()});
  if (!bench) {
    return;
  }
  const Bytes frame = TcpFrame(ReceivedIpv4());
  for (const std::uint32_t slot : {PDTT_NO_SLOT, XdpBench::kSlots}) {
    bench->Know(KeyOf(ReceivedIpv4(), IPPROTO_TCP), slot);
    CHECK(bench->Run(frame) == Counted(PDTT_XDP_ATTRIBUTED, frame.size()));
  }
}

TEST_CASE("Each interface has its own counters", "[kernel]") {
  const std::uint32_t loopback = LoopbackIndex();
  const auto bench = XdpBench::MakeOrSkip({loopback + 100, loopback, loopback + 200});
  if (!bench) {
    return;
  }
  bench->Know(KeyOf(ReceivedIpv4(), IPPROTO_TCP), 7);
  const Bytes frame = TcpFrame(ReceivedIpv4());
  const std::string bytes = ": " + std::to_string(frame.size()) + " bytes";
  CHECK(bench->Run(frame) ==
        "attributed of interface 1" + bytes + "; slot 7 of interface 1" + bytes);
  CHECK(bench->Run(TcpFrame(ReceivedIpv6())) ==
        "unknown_connection of interface 1: " + std::to_string(frame.size() + 20) + " bytes");
}

TEST_CASE("The last of sixteen interfaces is found", "[kernel]") {
  std::vector<std::uint32_t> ifindexes;
  for (std::uint32_t i = 1; i < PDTT_MAX_INTERFACES; ++i) {
    ifindexes.push_back(LoopbackIndex() + i);
  }
  ifindexes.push_back(LoopbackIndex());
  const auto bench = XdpBench::MakeOrSkip(ifindexes);
  if (!bench) {
    return;
  }
  bench->Know(KeyOf(ReceivedIpv4(), IPPROTO_TCP), 7);
  const Bytes frame = TcpFrame(ReceivedIpv4());
  const std::string bytes = ": " + std::to_string(frame.size()) + " bytes";
  CHECK(bench->Run(frame) ==
        "attributed of interface 15" + bytes + "; slot 7 of interface 15" + bytes);
}

TEST_CASE("Frames of an interface that is not named are passed and not counted", "[kernel]") {
  const auto bench = XdpBench::MakeOrSkip({LoopbackIndex() + 1});
  if (!bench) {
    return;
  }
  bench->Know(KeyOf(ReceivedIpv4(), IPPROTO_TCP), 7);
  CHECK(bench->Run(TcpFrame(ReceivedIpv4())).empty());
}

}  // namespace
}  // namespace pdtt::test
