// SPDX-License-Identifier: Apache-2.0
#include "packet_variants.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <utility>

namespace pdtt::test {
namespace {

constexpr std::size_t kPayload = 11;

IpVariant MakeIpv4(std::string name, std::uint8_t protocol, const Bytes& transport,
                   const Ipv4Fields& fields = {}) {
  const Ends ends = ReceivedIpv4();
  Bytes packet = Ipv4(ends, protocol, transport, fields);
  const std::size_t headers = packet.size() - kPayload;
  return {std::move(name), kEtherIpv4, std::move(packet), headers, KeyOf(ends, protocol)};
}

IpVariant MakeIpv6(std::string name, std::uint8_t protocol, std::uint8_t next,
                   const Bytes& carried) {
  const Ends ends = ReceivedIpv6();
  Bytes packet = Ipv6(ends, next, carried);
  const std::size_t headers = packet.size() - kPayload;
  return {std::move(name), kEtherIpv6, std::move(packet), headers, KeyOf(ends, protocol)};
}

Bytes TransportOf(const Ends& ends, std::uint8_t protocol) {
  if (protocol == IPPROTO_TCP) {
    return Tcp(ends, Payload(kPayload));
  }
  return protocol == IPPROTO_UDP ? Udp(ends, Payload(kPayload)) : Payload(kPayload);
}

Bytes Extension(std::uint8_t type, std::uint8_t next, const Bytes& payload) {
  if (type == IPPROTO_AH) {
    return Authentication(next, 6, payload);
  }
  if (type == IPPROTO_FRAGMENT) {
    return Fragment(next, 0, false, payload);  // atomic, RFC 6946: it is whole
  }
  return Options(next, type == IPPROTO_ROUTING ? 3 : 1, payload);
}

// `types` are the extension headers, first one first.
IpVariant Chain(std::string name, const std::vector<std::uint8_t>& types, std::uint8_t protocol) {
  Bytes packet = TransportOf(ReceivedIpv6(), protocol);
  std::uint8_t next = protocol;
  for (std::size_t i = types.size(); i-- > 0;) {
    packet = Extension(types[i], next, packet);
    next = types[i];
  }
  return MakeIpv6(std::move(name), protocol, next, packet);
}

using Named = std::pair<const char*, std::uint8_t>;

constexpr std::array<Named, 3> kPortlessIpv4{
    {{"ICMP", IPPROTO_ICMP}, {"SCTP", IPPROTO_SCTP}, {"GRE", IPPROTO_GRE}}};

constexpr std::array<Named, 4> kPortlessIpv6{{{"ICMPv6", IPPROTO_ICMPV6},
                                              {"SCTP", IPPROTO_SCTP},
                                              {"GRE", IPPROTO_GRE},
                                              {"no next header", IPPROTO_NONE}}};

constexpr std::array<Named, 5> kExtensions{{
    {"hop-by-hop", IPPROTO_HOPOPTS},
    {"routing", IPPROTO_ROUTING},
    {"destination options", IPPROTO_DSTOPTS},
    {"authentication", IPPROTO_AH},
    {"atomic fragment", IPPROTO_FRAGMENT},
}};

}  // namespace

Ends ReceivedIpv4() {
  return {Ipv4Address(7), Ipv4Address(1), 443, 40'000};
}

Ends ReceivedIpv6() {
  return {Ipv6Address(7), Ipv6Address(1), 443, 40'000};
}

pdtt_conn_key KeyOf(const Ends& received, std::uint8_t protocol) {
  pdtt_conn_key key{};
  std::copy(received.destination.begin(), received.destination.end(), std::begin(key.local_addr));
  std::copy(received.source.begin(), received.source.end(), std::begin(key.remote_addr));
  key.protocol = protocol;
  if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
    key.local_port = received.destination_port;
    key.remote_port = received.source_port;
  }
  return key;
}

std::vector<IpVariant> Ipv4Variants() {
  const Ends ends = ReceivedIpv4();
  std::vector<IpVariant> variants;
  for (std::uint8_t words = 5; words <= 15; ++words) {
    variants.push_back(MakeIpv4("IPv4 ihl " + std::to_string(words) + ", TCP", IPPROTO_TCP,
                                TransportOf(ends, IPPROTO_TCP), {.ihl = words}));
    variants.push_back(MakeIpv4("IPv4 ihl " + std::to_string(words) + ", UDP", IPPROTO_UDP,
                                TransportOf(ends, IPPROTO_UDP), {.ihl = words}));
    variants.push_back(MakeIpv4("IPv4, TCP doff " + std::to_string(words), IPPROTO_TCP,
                                Tcp(ends, Payload(kPayload), {.doff = words})));
  }
  variants.push_back(MakeIpv4("IPv4 ihl 15, TCP doff 15", IPPROTO_TCP,
                              Tcp(ends, Payload(kPayload), {.doff = 15}), {.ihl = 15}));
  variants.push_back(MakeIpv4("IPv4 with DF, TCP", IPPROTO_TCP, TransportOf(ends, IPPROTO_TCP),
                              {.dont_fragment = true}));
  for (const auto& [name, protocol] : kPortlessIpv4) {
    variants.push_back(MakeIpv4(std::string{"IPv4, "} + name, protocol, Payload(kPayload)));
  }
  return variants;
}

std::vector<IpVariant> Ipv6Variants() {
  const Ends ends = ReceivedIpv6();
  std::vector<IpVariant> variants;
  for (std::uint8_t words = 5; words <= 15; ++words) {
    variants.push_back(MakeIpv6("IPv6, TCP doff " + std::to_string(words), IPPROTO_TCP, IPPROTO_TCP,
                                Tcp(ends, Payload(kPayload), {.doff = words})));
  }
  variants.push_back(
      MakeIpv6("IPv6, UDP", IPPROTO_UDP, IPPROTO_UDP, TransportOf(ends, IPPROTO_UDP)));
  for (const auto& [name, protocol] : kPortlessIpv6) {
    variants.push_back(
        MakeIpv6(std::string{"IPv6, "} + name, protocol, protocol, Payload(kPayload)));
  }
  for (const auto& [name, type] : kExtensions) {
    for (const std::uint8_t protocol :
         std::initializer_list<std::uint8_t>{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6}) {
      variants.push_back(
          Chain("IPv6, " + std::string{name} + ", protocol " + std::to_string(protocol), {type},
                protocol));
    }
  }
  for (const std::uint8_t units : std::initializer_list<std::uint8_t>{2, 32}) {
    variants.push_back(MakeIpv6("IPv6, " + std::to_string(units) + " units of options, TCP",
                                IPPROTO_TCP, IPPROTO_DSTOPTS,
                                Options(IPPROTO_TCP, units, TransportOf(ends, IPPROTO_TCP))));
    variants.push_back(
        MakeIpv6("IPv6, " + std::to_string(units) + " words of authentication, UDP", IPPROTO_UDP,
                 IPPROTO_AH, Authentication(IPPROTO_UDP, units, TransportOf(ends, IPPROTO_UDP))));
  }
  const std::vector<std::uint8_t> six{IPPROTO_HOPOPTS,  IPPROTO_DSTOPTS, IPPROTO_ROUTING,
                                      IPPROTO_FRAGMENT, IPPROTO_AH,      IPPROTO_DSTOPTS};
  for (std::size_t count = 2; count <= six.size(); ++count) {
    const std::vector<std::uint8_t> types{six.begin(),
                                          six.begin() + static_cast<std::ptrdiff_t>(count)};
    for (const std::uint8_t protocol :
         std::initializer_list<std::uint8_t>{IPPROTO_TCP, IPPROTO_UDP}) {
      variants.push_back(Chain(
          "IPv6, " + std::to_string(count) + " extensions, protocol " + std::to_string(protocol),
          types, protocol));
    }
  }
  return variants;
}

std::vector<Variant> EthernetVariants() {
  static const std::vector<std::pair<std::string, std::vector<std::uint16_t>>> stacks{
      {"", {}},
      {"802.1Q, ", {kEtherVlan}},
      {"802.1ad, ", {kEtherServiceVlan}},
      {"0x9100, ", {kEtherOldQinq}},
      {"QinQ, ", {kEtherServiceVlan, kEtherVlan}},
      {"0x9100 QinQ, ", {kEtherOldQinq, kEtherVlan}},
  };
  std::vector<IpVariant> packets = Ipv4Variants();
  const std::vector<IpVariant> ipv6 = Ipv6Variants();
  packets.insert(packets.end(), ipv6.begin(), ipv6.end());
  std::vector<Variant> variants;
  for (const auto& [name, tags] : stacks) {
    for (const IpVariant& ip : packets) {
      const std::size_t ip_at = 14 + 4 * tags.size();
      variants.push_back({std::string{name}.append(ip.name),
                          Ethernet(ip.ether_type, ip.packet, tags), ip_at,
                          ip_at + (ip.ether_type == kEtherIpv4 ? 3 : 5), ip.key});
    }
  }
  return variants;
}

}  // namespace pdtt::test
