// SPDX-License-Identifier: Apache-2.0
#include "packet_cases.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bpf/error.h"
#include "output.h"
#include "packet_builder.h"
#include "packet_events.h"
#include "test_run.h"

namespace pdtt::bench {
namespace {

constexpr std::uint32_t kRepeat = 4000;
constexpr std::size_t kPayload = 30;
constexpr std::uint32_t kSlot = 1;  // of every connection that XDP knows

enum class Transport { kTcp, kUdp, kUnconnectedUdp };

struct Case {
  Hook hook;
  Transport transport;
  bool ipv6;
  std::uint32_t connections;  // that take turns
};

std::string TextOf(const Case& test) {
  constexpr std::array kTransports{"established TCP", "connected UDP", "unconnected UDP"};
  const bool xdp = test.hook == Hook::kXdp;
  return std::string{xdp ? "xdp, " : "cgroup_skb, "} +
         (xdp && test.transport == Transport::kTcp
              ? "TCP"
              : kTransports[static_cast<std::size_t>(test.transport)]) +
         (test.ipv6 ? ", IPv6" : ", IPv4") +
         (xdp ? std::string{} : std::string{", "} + NameOf(test.hook)) + ", " +
         std::to_string(test.connections) +
         (test.connections == 1 ? " connection" : " connections in turn");
}

test::Ends EndsOf(const Case& test) {
  const auto address = test.ipv6 ? test::Ipv6Address : test::Ipv4Address;
  test::Ends ends{.source = address(1), .destination = address(2)};
  ends.source_port = 1;
  ends.destination_port = 443;
  return ends;
}

Bytes FrameOf(const Case& test) {
  const test::Ends ends = EndsOf(test);
  const bool tcp = test.transport == Transport::kTcp;
  const Bytes inner =
      tcp ? test::Tcp(ends, test::Payload(kPayload)) : test::Udp(ends, test::Payload(kPayload));
  const std::uint8_t protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
  return test.ipv6 ? test::Ethernet(test::kEtherIpv6, test::Ipv6(ends, protocol, inner))
                   : test::Ethernet(test::kEtherIpv4, test::Ipv4(ends, protocol, inner));
}

// Puts the key into a map, or takes it out: null.
void Set(int map, const void* key, const void* value) {
  const int error = value == nullptr ? bpf_map_delete_elem(map, key)
                                     : bpf_map_update_elem(map, key, value, BPF_ANY);
  if (error != 0) {
    ThrowBpf(error, "fill or empty a map");
  }
}

struct OriginalKey {
  in_addr_t local;
  in_addr_t remote;
  in_port_t local_port;
  in_port_t remote_port;
};

in_addr_t Word(const test::Address& mapped) {
  in_addr_t word = 0;
  std::copy_n(mapped.begin() + 12, sizeof(word), reinterpret_cast<std::uint8_t*>(&word));
  return word;
}

// What sockops would have written of the connections that take turns, or removed again.
void SetBridges(Layouts& layouts, const Case& test, bool known) {
  const test::Ends ends = EndsOf(test);
  const pdtt_conn_owner owner{.netns_cookie = 1, .uid = kUid, .slot = kSlot};
  const auto protocol =
      static_cast<std::uint8_t>(test.transport == Transport::kTcp ? IPPROTO_TCP : IPPROTO_UDP);
  for (std::uint32_t port = 1; port <= test.connections; ++port) {
    pdtt_conn_key key{};
    std::copy(ends.destination.begin(), ends.destination.end(), std::begin(key.local_addr));
    std::copy(ends.source.begin(), ends.source.end(), std::begin(key.remote_addr));
    key.local_port = ends.destination_port;
    key.remote_port = static_cast<std::uint16_t>(port);
    key.protocol = protocol;
    Set(layouts.MapFd("conn_uid_map"), &key, known ? &owner : nullptr);
    if (!test.ipv6) {
      const OriginalKey original{Word(ends.destination), Word(ends.source),
                                 htons(ends.destination_port),
                                 htons(static_cast<std::uint16_t>(port))};
      Set(layouts.MapFd("original_uids"), &original, known ? &kUid : nullptr);
    }
  }
}

// Each layout's times, round by round.
using Times = std::array<std::vector<double>, kLayouts.size()>;

// The layouts in turn; an additional first round makes what the others find.
Times TimeRounds(const Layouts& layouts, std::span<const Layout> measured, const Case& test,
                 std::uint32_t rounds, std::uint32_t repeat) {
  const Bytes frame = FrameOf(test);
  Times times;
  for (std::uint32_t round = 0; round <= rounds; ++round) {
    for (const Layout layout : measured) {
      const int program = layouts.TestProgram(layout, test.hook);
      if (program < 0 || (layout == Layout::kOriginal && test.ipv6)) {
        continue;
      }
      const double time = TimeTestRun(program, test.hook == Hook::kXdp, frame, repeat);
      if (round != 0) {
        times[static_cast<std::size_t>(layout)].push_back(time);
      }
    }
  }
  return times;
}

void CheckCounts(Layouts& layouts, const Case& test, const std::array<Counted, 4>& before,
                 std::uint64_t runs, std::size_t frame) {
  constexpr std::size_t kEthernet = 14;
  const std::size_t bytes = test.hook == Hook::kXdp ? frame : frame - kEthernet;
  for (const Layout layout : {Layout::kOurs, Layout::kOriginal}) {
    if (layout == Layout::kOriginal && test.ipv6) {
      continue;  // it counts IPv4 only
    }
    const Counted& old = before[static_cast<std::size_t>(layout)];
    const Counted now = layouts.Count(layout, test.hook);
    if (now != Counted{old.bytes + runs * bytes, old.packets + runs}) {
      throw std::runtime_error(std::string{NameOf(layout)} + ", " + TextOf(test) + ": counted " +
                               std::to_string(now.packets - old.packets) + " packets of " +
                               std::to_string(now.bytes - old.bytes) + " bytes, not " +
                               std::to_string(runs) + " of " + std::to_string(runs * bytes));
    }
  }
}

double LowestAbove(const Times& times, Layout layout) {
  const auto lowest = [&](Layout of) {
    const auto& own = times[static_cast<std::size_t>(of)];
    return *std::min_element(own.begin(), own.end());
  };
  return lowest(layout) - lowest(Layout::kEmpty);
}

void PrintTimes(const Case& test, const Times& times) {
  const auto& empty = times[static_cast<std::size_t>(Layout::kEmpty)];
  const auto& original = times[static_cast<std::size_t>(Layout::kOriginal)];
  for (std::size_t layout = 0; layout < times.size(); ++layout) {
    const auto& own = times[layout];
    std::vector<double> above;
    std::vector<double> ratios;
    for (std::size_t round = 0; round < own.size(); ++round) {
      above.push_back(own[round] - empty[round]);
      if (layout == static_cast<std::size_t>(Layout::kOurs) && !original.empty()) {
        ratios.push_back(above.back() / (original[round] - empty[round]));
      }
    }
    if (!own.empty()) {
      Print({NameOf(kLayouts[layout]), TextOf(test), Median(own), Median(above), Median(ratios),
             LowestAbove(times, kLayouts[layout])});
    }
  }
}

void Measure(Layouts& layouts, PacketEvents& events, const Case& test, std::uint32_t rounds) {
  const bool xdp = test.hook == Hook::kXdp;
  layouts.SetConnections(test.connections);
  layouts.SetSocket(test.transport == Transport::kTcp ? PDTT_TCP : PDTT_UDP,
                    test.transport != Transport::kUnconnectedUdp);
  if (xdp) {
    SetBridges(layouts, test, true);
  }
  const std::uint32_t repeat = std::max(kRepeat, test.connections);
  std::array<Counted, kLayouts.size()> before;
  std::transform(kLayouts.begin(), kLayouts.end(), before.begin(),
                 [&](Layout layout) { return layouts.Count(layout, test.hook); });
  const std::uint64_t events_before = events.Taken() + layouts.LostEvents();
  const Times times = TimeRounds(layouts, kLayouts, test, rounds, repeat);
  const std::uint64_t runs = (rounds + 1ULL) * repeat;
  CheckCounts(layouts, test, before, runs, FrameOf(test).size());
  if (xdp) {
    SetBridges(layouts, test, false);
  } else if (events.Taken() + layouts.LostEvents() != events_before + runs) {
    throw std::runtime_error("events are missing: " + TextOf(test));
  }
  PrintTimes(test, times);
}

}  // namespace

double LowestRatio(Layouts& layouts, Hook hook) {
  constexpr std::array kCompared{Layout::kEmpty, Layout::kOurs, Layout::kOriginal};
  constexpr std::uint32_t kRounds = 150;
  const Case test{hook, Transport::kTcp, false, 1};
  layouts.SetConnections(1);
  layouts.SetSocket(PDTT_TCP, true);
  if (hook == Hook::kXdp) {
    SetBridges(layouts, test, true);
  }
  const Times times = TimeRounds(layouts, kCompared, test, kRounds, 5 * kRepeat);
  return LowestAbove(times, Layout::kOurs) / LowestAbove(times, Layout::kOriginal);
}

void MeasureTestRuns(Layouts& layouts, std::uint32_t rounds) {
  constexpr std::uint32_t kMany = 60'000;
  PacketEvents events{layouts.MapFd("packet_events")};
  for (const Transport transport : {Transport::kTcp, Transport::kUdp, Transport::kUnconnectedUdp}) {
    for (const bool ipv6 : {false, true}) {
      for (const Hook hook : {Hook::kIngress, Hook::kEgress}) {
        Measure(layouts, events, {hook, transport, ipv6, 1}, rounds);
      }
    }
  }
  for (const Transport transport : {Transport::kTcp, Transport::kUdp}) {
    for (const bool ipv6 : {false, true}) {
      Measure(layouts, events, {Hook::kXdp, transport, ipv6, 1}, rounds);
    }
  }
  for (const std::uint32_t connections : {1'000U, kMany}) {
    Measure(layouts, events, {Hook::kXdp, Transport::kTcp, false, connections},
            std::max(rounds / 10, 5U));
    Measure(layouts, events, {Hook::kXdp, Transport::kTcp, true, connections},
            std::max(rounds / 10, 5U));
  }
}

}  // namespace pdtt::bench
