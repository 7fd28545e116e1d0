// SPDX-License-Identifier: Apache-2.0
// What the programs that refuse connect() go by: where the exporter listens, and who may connect.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "bpf/local_addresses.h"
#include "bpf/refusal.h"
#include "model/traffic.h"

namespace pdtt {

/// A TCP port and the address it is open on; 0.0.0.0 and :: stand for every address of the host.
struct ListenEndpoint {
  IpAddress address{};  ///< IPv4 is v4-mapped
  std::uint16_t port = 0;
};

/// Some addresses with a port, as an entry of listen_map.
struct GuardedPrefix {
  IpAddress address{};
  std::uint8_t length = 128;  ///< bits of the address
  std::uint16_t port = 0;

  bool operator==(const GuardedPrefix&) const = default;
  bool operator<(const GuardedPrefix& other) const {
    return std::tie(address, length, port) < std::tie(other.address, other.length, other.port);
  }
};

/// The destinations that lead to the endpoints, if `local` is what the host's interfaces have.
[[nodiscard]] std::set<GuardedPrefix> PrefixesOf(std::span<const ListenEndpoint> endpoints,
                                                 std::span<const IpAddress> local);

/// Nobody may connect to any endpoint until SetClients() says who. Thread-safe.
class ConnectGuard {
 public:
  ConnectGuard(int listen_map, int client_map) : listen_map_(listen_map), client_map_(client_map) {}

  /// Replace what was set before. Throw std::system_error if the kernel has no room.
  void SetEndpoints(std::vector<ListenEndpoint> endpoints);
  void SetClients(const std::set<std::uint32_t>& uids);

  /// Takes up addresses that the host has got, for endpoints on every address. Cheap.
  void FollowAddresses();

 private:
  void Fill(const std::set<GuardedPrefix>& wanted);

  int listen_map_;
  int client_map_;
  std::mutex mutex_;
  std::vector<ListenEndpoint> endpoints_;
  std::set<GuardedPrefix> prefixes_;  ///< in listen_map
  std::set<std::uint32_t> clients_;   ///< in client_map
  std::optional<AddressChanges> changes_;
};

/// Connects to a port of its own, as somebody who may not and as somebody who may. Forgets what was
/// set. Why the guard does not hold; empty: it does.
[[nodiscard]] Refusal TryConnectGuard(ConnectGuard& guard);

}  // namespace pdtt
