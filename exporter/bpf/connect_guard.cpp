// SPDX-License-Identifier: Apache-2.0
#include "bpf/connect_guard.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "bpf/error.h"
#include "bpf/unique_fd.h"
#include "pdtt_abi.h"

namespace pdtt {
namespace {

constexpr std::size_t kMappedBytes = 12;  // of a v4-mapped address, before the IPv4 address
constexpr std::uint8_t kMappedBits = 8 * kMappedBytes;
constexpr IpAddress kAnyIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
constexpr IpAddress kAnyIpv6{};
constexpr IpAddress kLoopbackIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 0};
constexpr std::uint8_t kLoopbackBits = 8;

bool IsMapped(const IpAddress& address) {
  return std::equal(kAnyIpv4.begin(), kAnyIpv4.begin() + kMappedBytes, address.begin());
}

pdtt_listen_key ToKey(const GuardedPrefix& prefix) {
  pdtt_listen_key key{};
  key.prefix_len = PDTT_LISTEN_KEY_BITS - 128U + prefix.length;
  key.port = htons(prefix.port);
  std::memcpy(key.addr, prefix.address.data(), prefix.address.size());
  return key;
}

void Insert(int map, const void* key, const char* what) {
  const std::uint32_t value = 0;
  if (const int error = bpf_map_update_elem(map, key, &value, BPF_ANY); error != 0) {
    ThrowBpf(error, std::string{"fill "} + what);
  }
}

}  // namespace

std::set<GuardedPrefix> PrefixesOf(std::span<const ListenEndpoint> endpoints,
                                   std::span<const IpAddress> local) {
  std::set<GuardedPrefix> prefixes;
  for (const auto& [address, port] : endpoints) {
    // As a destination they mean the host itself: loopback, or what the socket is bound to, which
    // for :: may be a v4-mapped address.
    prefixes.insert({kAnyIpv4, 128, port});
    prefixes.insert({kAnyIpv6, 128, port});
    prefixes.insert({address, 128, port});
    if (address == kAnyIpv4) {
      prefixes.insert({kLoopbackIpv4, kMappedBits + kLoopbackBits, port});
    }
    if (address == kAnyIpv4 || address == kAnyIpv6) {
      for (const IpAddress& one : local) {
        if (IsMapped(one) == IsMapped(address)) {
          prefixes.insert({one, 128, port});
        }
      }
    }
  }
  return prefixes;
}

void ConnectGuard::SetEndpoints(std::vector<ListenEndpoint> endpoints) {
  const std::lock_guard lock{mutex_};
  endpoints_ = std::move(endpoints);
  const bool any = std::any_of(endpoints_.begin(), endpoints_.end(), [](const auto& endpoint) {
    return endpoint.address == kAnyIpv4 || endpoint.address == kAnyIpv6;
  });
  changes_.reset();
  if (any) {
    changes_.emplace();  // before the addresses are read, so that no change is missed
  }
  Fill(PrefixesOf(endpoints_, any ? LocalAddresses() : std::vector<IpAddress>{}));
}

void ConnectGuard::SetClients(const std::set<std::uint32_t>& uids) {
  const std::lock_guard lock{mutex_};
  for (const std::uint32_t uid : clients_) {
    if (!uids.contains(uid)) {
      bpf_map_delete_elem(client_map_, &uid);
    }
  }
  clients_ = uids;
  for (const std::uint32_t uid : clients_) {
    Insert(client_map_, &uid, "client_map");
  }
}

void ConnectGuard::FollowAddresses() {
  const std::lock_guard lock{mutex_};
  if (changes_ && changes_->Any()) {
    Fill(PrefixesOf(endpoints_, LocalAddresses()));
  }
}

void ConnectGuard::Fill(const std::set<GuardedPrefix>& wanted) {
  for (const GuardedPrefix& prefix : wanted) {
    if (prefixes_.insert(prefix).second) {
      const pdtt_listen_key key = ToKey(prefix);
      Insert(listen_map_, &key, "listen_map");
    }
  }
  std::erase_if(prefixes_, [&](const GuardedPrefix& prefix) {
    const pdtt_listen_key key = ToKey(prefix);
    return !wanted.contains(prefix) && bpf_map_delete_elem(listen_map_, &key) == 0;
  });
}

namespace {

/// 0 or the errno.
int TryConnect(const sockaddr_in& address) {
  const UniqueFd client{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return connect(client.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0
             ? 0
             : errno;
}

}  // namespace

Refusal TryConnectGuard(ConnectGuard& guard) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const UniqueFd listener{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (bind(listener.Get(), generic, size) != 0 || listen(listener.Get(), 2) != 0 ||
      getsockname(listener.Get(), generic, &size) != 0) {
    return {
        "cannot be tried: no TCP port on 127.0.0.1 (" + std::system_category().message(errno) + ")",
        "bring up the loopback interface"};
  }
  ListenEndpoint endpoint{kLoopbackIpv4, ntohs(address.sin_port)};
  endpoint.address.back() = 1;
  guard.SetEndpoints({endpoint});
  guard.SetClients({});
  const int forbidden = TryConnect(address);
  guard.SetClients({getuid()});
  const int allowed = TryConnect(address);
  if (forbidden == EPERM && allowed == 0) {
    return {};
  }
  return {forbidden == 0 ? "a connection was made that should have been refused"
                         : "a connection failed that should have been made (" +
                               std::system_category().message(allowed) + ")",
          "see which other programs hook connect(): bpftool cgroup tree"};
}

}  // namespace pdtt
