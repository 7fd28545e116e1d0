// SPDX-License-Identifier: Apache-2.0
#include "bpf/older_sockets.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include "bpf/unique_fd.h"
#include "pdtt_abi.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 declares its functions without it
}

namespace pdtt {
namespace {

namespace fs = std::filesystem;

std::optional<int> ToNumber(const std::string& text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional{number} : std::nullopt;
}

int Option(const UniqueFd& socket, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(socket.Get(), SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

// As protocol_class() in ebpf/accounting.bpf.h has it.
pdtt_protocol ProtocolOf(const UniqueFd& socket) {
  const int type = Option(socket, SO_TYPE);
  const int protocol = Option(socket, SO_PROTOCOL);
  if (type == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)) {
    return PDTT_TCP;
  }
  return type == SOCK_DGRAM && protocol == IPPROTO_UDP ? PDTT_UDP : PDTT_OTHER;
}

std::uint32_t Answerable(int subuid_map, std::uint32_t uid) {
  const pdtt_uid_lpm_key key{.prefix_len = 32, .uid = htonl(uid)};
  std::uint32_t owner = uid;
  return bpf_map_lookup_elem(subuid_map, &key, &owner) == 0 ? owner : uid;
}

class Adoption {
 public:
  Adoption(int conn_stats_map, int subuid_map)
      : conn_stats_map_(conn_stats_map), subuid_map_(subuid_map) {}

  // False if the process could not be looked into; one that ends meanwhile has no sockets.
  bool LookInto(const fs::path& process, int pid) {
    const UniqueFd handle{pidfd_open(pid, 0)};
    if (!handle) {
      return errno == ESRCH;
    }
    std::error_code error;
    fs::directory_iterator entry{process / "fd", error};
    if (error) {
      return error == std::errc::no_such_file_or_directory;
    }
    bool allowed = true;
    for (; entry != fs::directory_iterator{}; entry.increment(error)) {
      const fs::path target = fs::read_symlink(entry->path(), error);
      const std::optional<int> fd = ToNumber(entry->path().filename().string());
      // A socket of several processes is the first one's; its name holds its inode.
      if (!fd || !target.string().starts_with("socket:") || !seen_.insert(target).second) {
        continue;
      }
      const UniqueFd socket{pidfd_getfd(handle.Get(), *fd, 0)};
      allowed = allowed && (socket || errno != EPERM);
      if (socket) {
        Adopt(socket, process, pid);
      }
    }
    return allowed;
  }

 private:
  void Adopt(const UniqueFd& socket, const fs::path& process, int pid) const {
    const int family = Option(socket, SO_DOMAIN);
    struct stat status {};
    if ((family != AF_INET && family != AF_INET6) || fstat(socket.Get(), &status) != 0) {
      return;
    }
    pdtt_conn conn{};
    conn.uid = Answerable(subuid_map_, status.st_uid);
    conn.protocol = ProtocolOf(socket);
    conn.slot = PDTT_NO_SLOT;
    conn.home_slot = PDTT_NO_SLOT;
    conn.flags = PDTT_CONN_OLDER;
    conn.pid = static_cast<__u32>(pid);
    std::ifstream{process / "comm"}.getline(std::begin(conn.comm), std::size(conn.comm));
    const int key = socket.Get();
    // Refused where a packet was quicker, which is as good.
    static_cast<void>(bpf_map_update_elem(conn_stats_map_, &key, &conn, BPF_NOEXIST));
  }

  int conn_stats_map_;
  int subuid_map_;
  std::set<fs::path> seen_;
};

}  // namespace

std::size_t AdoptOpenSockets(const fs::path& proc, int conn_stats_map, int subuid_map) {
  Adoption adoption{conn_stats_map, subuid_map};
  std::size_t refused = 0;
  std::error_code error;
  for (fs::directory_iterator entry{proc, error}, end; entry != end; entry.increment(error)) {
    const std::optional<int> pid = ToNumber(entry->path().filename().string());
    if (pid && !adoption.LookInto(entry->path(), *pid)) {
      ++refused;
    }
  }
  return refused;
}

}  // namespace pdtt
