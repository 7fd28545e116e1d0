// SPDX-License-Identifier: Apache-2.0
// Says which users bpf_get_socket_uid names for the traffic with the addresses given.
//
// usage: pdtt-socket-owner CGROUP PEER_ADDRESS...
//
// Answers each line of its input with one line of JSON: wire bytes so far, by uid. It holds
// bpf_links only, so that nothing of it stays in the kernel, however it ends.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include "socket_owner.h"
#include "socket_owner.skel.h"

namespace {

struct SkeletonDeleter {
  void operator()(socket_owner* skeleton) const { socket_owner__destroy(skeleton); }
};
using Skeleton = std::unique_ptr<socket_owner, SkeletonDeleter>;

[[noreturn]] void Fail(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

peer_address ParseAddress(const std::string& text) {
  const std::string ipv6 = text.find(':') == std::string::npos ? "::ffff:" + text : text;
  peer_address address{};
  if (inet_pton(AF_INET6, ipv6.c_str(), &address) != 1) {
    throw std::invalid_argument("not an address: " + text);
  }
  return address;
}

Skeleton Load(int argc, char** argv) {
  Skeleton skeleton(socket_owner__open());
  if (!skeleton) {
    Fail("open the programs");
  }
  for (int i = 2; i < argc; ++i) {
    skeleton->rodata->peers[i - 2] = ParseAddress(argv[i]);
  }
  skeleton->rodata->peer_count = static_cast<__u32>(argc - 2);
  if (socket_owner__load(skeleton.get()) != 0) {
    Fail("load the programs");
  }
  return skeleton;
}

void Attach(socket_owner& skeleton, const std::string& cgroup) {
  const int fd = open(cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    Fail(cgroup);
  }
  skeleton.links.owner_ingress = bpf_program__attach_cgroup(skeleton.progs.owner_ingress, fd);
  skeleton.links.owner_egress = bpf_program__attach_cgroup(skeleton.progs.owner_egress, fd);
  const int error = errno;
  close(fd);
  if (skeleton.links.owner_ingress == nullptr || skeleton.links.owner_egress == nullptr) {
    errno = error;
    Fail("attach to " + cgroup);
  }
}

std::string Totals(const socket_owner& skeleton) {
  const int map = bpf_map__fd(skeleton.maps.owner_bytes);
  std::array<__u32, kMaxOwners> owners{};
  std::array<__u64, kMaxOwners> bytes{};
  __u32 cursor = 0;
  __u32 count = kMaxOwners;
  // The whole map at once; ENOENT says that its end was reached.
  if (bpf_map_lookup_batch(map, nullptr, &cursor, owners.data(), bytes.data(), &count, nullptr) <
          0 &&
      errno != ENOENT) {
    Fail("read the totals");
  }
  std::string line = "{";
  for (__u32 i = 0; i < count; ++i) {
    line += (i == 0 ? "\"" : ", \"") + std::to_string(owners.at(i)) +
            "\": " + std::to_string(bytes.at(i));
  }
  return line + "}";
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3 || argc - 2 > kMaxPeers) {
    std::cerr << "usage: pdtt-socket-owner CGROUP PEER_ADDRESS...\n";
    return 2;
  }
  const Skeleton skeleton = Load(argc, argv);
  Attach(*skeleton, argv[1]);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Totals(*skeleton) << std::endl;
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "pdtt-socket-owner: " << error.what() << '\n';
  return 1;
}
