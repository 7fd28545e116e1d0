// SPDX-License-Identifier: Apache-2.0
#include "bpf/connect_guard.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <vector>

#include "kernel_access.h"
#include "pdtt_abi.h"
#include "test_map.h"

namespace pdtt::test {
namespace {

constexpr std::uint16_t kPort = 10435;

IpAddress Ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}

IpAddress Ipv6(std::uint8_t first, std::uint8_t last) {
  IpAddress address{};
  address.front() = first;
  address.back() = last;
  return address;
}

const std::set<GuardedPrefix> kUnspecified = {{Ipv4(0, 0, 0, 0), 128, kPort},
                                              {IpAddress{}, 128, kPort}};

std::set<GuardedPrefix> WithUnspecified(std::set<GuardedPrefix> prefixes) {
  prefixes.insert(kUnspecified.begin(), kUnspecified.end());
  return prefixes;
}

TEST_CASE("An endpoint on one address is reached by that one and by no address at all",
          "[connect_guard]") {
  const std::vector<IpAddress> local = {Ipv4(127, 0, 0, 1), Ipv4(10, 0, 0, 5), Ipv6(0xfd, 5)};
  CHECK(PrefixesOf(std::vector<ListenEndpoint>{{Ipv4(10, 0, 0, 5), kPort}}, local) ==
        WithUnspecified({{Ipv4(10, 0, 0, 5), 128, kPort}}));
  CHECK(PrefixesOf(std::vector<ListenEndpoint>{{Ipv6(0xfd, 5), kPort}}, local) ==
        WithUnspecified({{Ipv6(0xfd, 5), 128, kPort}}));
  CHECK(PrefixesOf({}, local).empty());
}

TEST_CASE("An endpoint on every address is reached by each of its family", "[connect_guard]") {
  const std::vector<IpAddress> local = {Ipv4(127, 0, 0, 1), Ipv4(10, 0, 0, 5), Ipv6(0, 1),
                                        Ipv6(0xfd, 5)};
  CHECK(PrefixesOf(std::vector<ListenEndpoint>{{Ipv4(0, 0, 0, 0), kPort}}, local) ==
        WithUnspecified({{Ipv4(127, 0, 0, 0), 104, kPort},
                         {Ipv4(127, 0, 0, 1), 128, kPort},
                         {Ipv4(10, 0, 0, 5), 128, kPort}}));
  CHECK(PrefixesOf(std::vector<ListenEndpoint>{{IpAddress{}, kPort}}, local) ==
        WithUnspecified({{Ipv6(0, 1), 128, kPort}, {Ipv6(0xfd, 5), 128, kPort}}));
}

TEST_CASE("What was set before makes room for what is set now", "[kernel][connect_guard]") {
  if (!BpfIsAllowed()) {
    return;
  }
  const UniqueFd endpoints =
      CreateMap(BPF_MAP_TYPE_LPM_TRIE, {sizeof(pdtt_listen_key), sizeof(std::uint32_t), 64});
  const UniqueFd clients =
      CreateMap(BPF_MAP_TYPE_HASH, {sizeof(std::uint32_t), sizeof(std::uint32_t), 64});
  const auto holds = [&](std::uint8_t last) {
    pdtt_listen_key key{.prefix_len = PDTT_LISTEN_KEY_BITS, .port = htons(kPort), .addr = {}};
    key.addr[2] = htonl(0xffff);
    key.addr[3] = htonl(0x0a000000U + last);
    std::uint32_t value = 0;
    return bpf_map_lookup_elem(endpoints.Get(), &key, &value) == 0;
  };
  const auto may = [&](std::uint32_t uid) {
    std::uint32_t value = 0;
    return bpf_map_lookup_elem(clients.Get(), &uid, &value) == 0;
  };
  ConnectGuard guard{endpoints.Get(), clients.Get()};
  guard.SetEndpoints({{Ipv4(10, 0, 0, 5), kPort}});
  guard.SetClients({0, 1000});
  CHECK((holds(5) && !holds(6) && may(0) && may(1000) && !may(1001)));
  guard.SetEndpoints({{Ipv4(10, 0, 0, 6), kPort}});
  guard.SetClients({0, 1001});
  CHECK((!holds(5) && holds(6) && may(0) && !may(1000) && may(1001)));
  guard.SetEndpoints({});
  guard.SetClients({});
  CHECK((!holds(5) && !holds(6) && !may(0) && !may(1001)));
}

}  // namespace
}  // namespace pdtt::test
