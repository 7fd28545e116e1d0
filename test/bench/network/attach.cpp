// SPDX-License-Identifier: Apache-2.0
// Attaches one of the layouts that the exporter is compared with to a cgroup.
//
// usage: pdtt_bench_attach original|empty CGROUP
//
// Says `ready`, then answers each line of its input with one line of JSON: what each user moved so
// far. It holds bpf_links only, so that nothing of it stays in the kernel, however it ends.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/types.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "bench_layouts.skel.h"
#include "original.h"

namespace {

struct SkeletonDeleter {
  void operator()(bench_layouts* skeleton) const { bench_layouts__destroy(skeleton); }
};
using Skeleton = std::unique_ptr<bench_layouts, SkeletonDeleter>;

[[noreturn]] void Fail(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

Skeleton Load() {
  Skeleton skeleton(bench_layouts__open());
  if (!skeleton) {
    Fail("open the programs");
  }
  bpf_program__set_autoload(skeleton->progs.original_xdp, false);
  bpf_program__set_autoload(skeleton->progs.empty_xdp, false);
  if (bench_layouts__load(skeleton.get()) != 0) {
    Fail("load the programs");
  }
  return skeleton;
}

bpf_link* Attach(const bpf_program* program, int cgroup) {
  bpf_link* link = bpf_program__attach_cgroup(program, cgroup);
  if (link == nullptr) {
    Fail(std::string("attach ") + bpf_program__name(program));
  }
  return link;
}

void Attach(bench_layouts& skeleton, const std::string& layout, const std::string& cgroup) {
  const int fd = open(cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    Fail(cgroup);
  }
  if (layout == "original") {
    skeleton.links.original_ingress = Attach(skeleton.progs.original_ingress, fd);
    skeleton.links.original_egress = Attach(skeleton.progs.original_egress, fd);
  } else {
    skeleton.links.empty_ingress = Attach(skeleton.progs.empty_ingress, fd);
    skeleton.links.empty_egress = Attach(skeleton.progs.empty_egress, fd);
  }
  close(fd);
}

std::string Totals(const bench_layouts& skeleton) {
  const int map = bpf_map__fd(skeleton.maps.original_users);
  std::vector<__u32> users(ORIGINAL_USERS);
  std::vector<original_user> traffic(ORIGINAL_USERS);
  __u32 cursor = 0;
  __u32 count = ORIGINAL_USERS;
  // The whole map at once; ENOENT says that its end was reached.
  if (bpf_map_lookup_batch(map, nullptr, &cursor, users.data(), traffic.data(), &count, nullptr) <
          0 &&
      errno != ENOENT) {
    Fail("read the totals");
  }
  std::string line = "{";
  for (__u32 i = 0; i < count; ++i) {
    line += (i == 0 ? "\"" : ", \"") + std::to_string(users[i]) +
            "\": {\"rx_bytes\": " + std::to_string(traffic[i].rx_bytes) +
            ", \"tx_bytes\": " + std::to_string(traffic[i].tx_bytes) +
            ", \"rx_packets\": " + std::to_string(traffic[i].rx_packets) +
            ", \"tx_packets\": " + std::to_string(traffic[i].tx_packets) + "}";
  }
  return line + "}";
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string layout = argc == 3 ? argv[1] : "";
  if (layout != "original" && layout != "empty") {
    std::cerr << "usage: pdtt_bench_attach original|empty CGROUP\n";
    return 2;
  }
  const Skeleton skeleton = Load();
  Attach(*skeleton, layout, argv[2]);
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Totals(*skeleton) << std::endl;
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "pdtt_bench_attach: " << error.what() << '\n';
  return 1;
}
