// SPDX-License-Identifier: Apache-2.0
#include "bpf/network_namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <cerrno>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "bpf/unique_fd.h"

namespace pdtt {
namespace {

using Inode = std::pair<dev_t, ino_t>;

std::optional<Inode> InodeOf(const std::filesystem::path& name) {
  struct stat status {};
  if (stat(name.c_str(), &status) != 0) {
    return std::nullopt;
  }
  return Inode{status.st_dev, status.st_ino};
}

bool Enter(const std::filesystem::path& name) {
  const UniqueFd network{open(name.c_str(), O_RDONLY | O_CLOEXEC)};
  return network && setns(network.Get(), CLONE_NEWNET) == 0;
}

std::size_t VisitAll(const std::filesystem::path& proc, const std::function<void()>& visit) {
  std::set<Inode> seen;
  std::size_t refused = 0;
  if (const auto own = InodeOf(proc / "thread-self/ns/net")) {
    seen.insert(*own);
  }
  visit();
  std::error_code error;
  for (std::filesystem::directory_iterator entry{proc, error}, end; entry != end;
       entry.increment(error)) {
    const std::filesystem::path name = entry->path() / "ns/net";
    const bool is_process =
        entry->path().filename().string().find_first_not_of("0123456789") == std::string::npos;
    const std::optional<Inode> inode = is_process ? InodeOf(name) : std::nullopt;
    if (!inode && is_process && errno == EACCES) {
      ++refused;
    }
    if (!inode || !seen.insert(*inode).second) {
      continue;  // it may also have ended meanwhile
    }
    if (Enter(name)) {
      visit();
    } else {
      ++refused;
    }
  }
  return refused;
}

}  // namespace

std::size_t VisitNetworkNamespaces(const std::filesystem::path& proc,
                                   const std::function<void()>& visit) {
  return std::async(std::launch::async, [&] { return VisitAll(proc, visit); }).get();
}

}  // namespace pdtt
