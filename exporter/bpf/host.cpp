// SPDX-License-Identifier: Apache-2.0
#include "bpf/host.h"

#include <linux/magic.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <bpf/bpf.h>

#include "bpf/mounts.h"
#include "bpf/unique_fd.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

namespace pdtt {
namespace {

std::string Message(int error) {
  return std::system_category().message(error);
}

// The smallest program there is, "return 0": what remains to fail is the right to load it.
int TryLoadProgram() {
  constexpr std::array<bpf_insn, 2> kReturnZero = {
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const UniqueFd program{bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "pdtt_probe", "GPL",
                                       kReturnZero.data(), kReturnZero.size(), nullptr)};
  return program ? 0 : errno;
}

}  // namespace

std::filesystem::path FindCgroup2(const std::filesystem::path& mounts) {
  for (const Mount& mount : ReadMounts(mounts)) {
    if (mount.type == "cgroup2") {
      return mount.directory;
    }
  }
  throw std::runtime_error(
      "no cgroup2 file system is mounted; mount one (mount -t cgroup2 none /mnt/cgroup2) or boot "
      "with systemd.unified_cgroup_hierarchy=1");
}

std::uint64_t CgroupId(const std::filesystem::path& cgroup) {
  struct stat status {};
  return stat(cgroup.c_str(), &status) == 0 ? status.st_ino : 0;
}

void RequireCgroup2(const std::filesystem::path& cgroup) {
  struct statfs status {};
  if (statfs(cgroup.c_str(), &status) != 0) {
    throw std::runtime_error("cgroup " + cgroup.string() + ": " + Message(errno) +
                             "; name a directory of the mounted cgroup2 with --cgroup");
  }
  if (status.f_type != CGROUP2_SUPER_MAGIC || !std::filesystem::is_directory(cgroup)) {
    throw std::runtime_error("cgroup " + cgroup.string() +
                             ": not a cgroup2 directory; name one with --cgroup");
  }
}

std::pair<std::uint32_t, std::uint32_t> EphemeralPorts() {
  std::ifstream file{"/proc/sys/net/ipv4/ip_local_port_range"};
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  if (file >> first >> last) {
    return {first, last};
  }
  return {32768, 60999};
}

std::uint64_t NetnsCookie() {
  const UniqueFd socket_fd{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  if (!socket_fd || getsockopt(socket_fd.Get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0) {
    return 0;
  }
  return cookie;
}

std::uint32_t InterfaceIndex(const std::string& name) {
  const std::uint32_t index = if_nametoindex(name.c_str());
  if (index == 0) {
    throw std::runtime_error("interface " + name + ": " + Message(errno) +
                             "; `ip link` lists the interfaces of this host");
  }
  return index;
}

Refusal RefusalOfBpf(const KernelFacts& facts) {
  for (const auto find : {RefusalOfTypes, RefusalOfPrivileges}) {
    if (Refusal refusal = find(facts); !refusal.reason.empty()) {
      return refusal;
    }
  }
  const int error = TryLoadProgram();
  if (error == 0) {
    return {};
  }
  Refusal refusal = ExplainRefusal(Step::kLoad, error, "", facts);
  refusal.reason = "cannot load BPF programs: " + refusal.reason;
  return refusal;
}

void RequireBpf(const KernelFacts& facts) {
  if (const Refusal refusal = RefusalOfBpf(facts); !refusal.reason.empty()) {
    throw std::runtime_error(ToText(refusal));
  }
}

// No map has the number -1. Whoever hears of that was let through.
bool MapsNeedPrivilege() {
  const std::uint32_t key = 0;
  std::uint64_t value = 0;
  return bpf_map_lookup_elem(-1, &key, &value) != 0 && errno == EPERM;
}

bool ProgramStatisticsEnabled() {
  std::ifstream file{"/proc/sys/kernel/bpf_stats_enabled"};
  int enabled = 0;
  return file >> enabled && enabled != 0;
}

}  // namespace pdtt
