// SPDX-License-Identifier: Apache-2.0
#include "bpf/local_addresses.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "bpf/error.h"

namespace pdtt {
namespace {

struct FreeAddresses {
  void operator()(ifaddrs* list) const noexcept { freeifaddrs(list); }
};

IpAddress Mapped(const in_addr& address) {
  IpAddress mapped{};
  mapped[10] = mapped[11] = 0xff;
  std::memcpy(&mapped[12], &address, sizeof(address));
  return mapped;
}

}  // namespace

std::vector<IpAddress> LocalAddresses() {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) {
    ThrowBpf(errno, "read the addresses of this host");
  }
  const std::unique_ptr<ifaddrs, FreeAddresses> list{raw};
  std::vector<IpAddress> addresses;
  for (const ifaddrs* one = list.get(); one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) {
      continue;
    }
    if (one->ifa_addr->sa_family == AF_INET) {
      addresses.push_back(Mapped(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr));
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      const in6_addr& in6 = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr;
      std::copy(std::begin(in6.s6_addr), std::end(in6.s6_addr), addresses.emplace_back().begin());
    }
  }
  return addresses;
}

AddressChanges::AddressChanges()
    : socket_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (!socket_ ||
      bind(socket_.Get(), reinterpret_cast<const sockaddr*>(&groups), sizeof(groups)) != 0) {
    ThrowBpf(errno, "follow the addresses of this host");
  }
}

// ENOBUFS: there were more than the socket had room for.
bool AddressChanges::Any() const {
  std::array<char, 8192> message{};
  bool any = false;
  while (recv(socket_.Get(), message.data(), message.size(), 0) >= 0 || errno == ENOBUFS) {
    any = true;
  }
  return any;
}

}  // namespace pdtt
