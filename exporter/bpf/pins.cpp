// SPDX-License-Identifier: Apache-2.0
#include "bpf/pins.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "bpf/error.h"
#include "bpf/table_state.h"

namespace pdtt {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLinks = "links";
constexpr std::string_view kGeneration = "socket-";

bool IsBpffs(const fs::path& path) {
  struct statfs info {};
  return statfs(path.c_str(), &info) == 0 &&
         static_cast<std::uint64_t>(info.f_type) == static_cast<std::uint64_t>(BPF_FS_MAGIC);
}

fs::path NearestExisting(fs::path path) {
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_relative_path()) {
    path = path.parent_path();
  }
  return path;
}

void RequireBpffs(const fs::path& root) {
  const fs::path existing = NearestExisting(root);
  if (!IsBpffs(existing)) {
    throw std::runtime_error(
        "pin_path " + root.string() + ": " + existing.string() +
        " is not on a bpffs; mount one (mount -t bpf bpf /sys/fs/bpf) and name a directory in it, "
        "or run without --persist");
  }
}

// proc_locks(5): "1: FLOCK  ADVISORY  WRITE 1234 00:1f:56789 0 EOF".
std::string HolderOf(int fd) {
  struct stat file {};
  if (fstat(fd, &file) != 0) {
    return "unknown";
  }
  std::ostringstream place;
  place << std::hex << std::setfill('0') << std::setw(2) << major(file.st_dev) << ':'
        << std::setw(2) << minor(file.st_dev) << ':' << std::dec << file.st_ino;
  std::ifstream locks{"/proc/locks"};
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words{line};
    const std::vector<std::string> fields(std::istream_iterator<std::string>{words}, {});
    if (fields.size() > 5 && fields[1] == "FLOCK" && fields[5] == place.str()) {
      return fields[4];
    }
  }
  return "unknown";
}

UniqueFd Lock(const fs::path& root) {
  UniqueFd directory{open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory) {
    ThrowBpf(errno, "open pin_path " + root.string());
  }
  if (flock(directory.Get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      ThrowBpf(errno, "lock pin_path " + root.string());
    }
    throw std::runtime_error("pin_path " + root.string() + " is in use by process " +
                             HolderOf(directory.Get()) +
                             "; end that exporter, or give this one another pin_path");
  }
  return directory;
}

std::vector<fs::path> Entries(const fs::path& directory) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry{directory, error}, end; !error && entry != end;
       entry.increment(error)) {
    entries.push_back(entry->path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::optional<std::uint32_t> GenerationOf(const fs::path& directory) {
  const std::string name = directory.filename().string();
  std::uint32_t number = 0;
  if (!name.starts_with(kGeneration) ||
      std::from_chars(&name[kGeneration.size()], name.data() + name.size(), number).ptr !=
          name.data() + name.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

Pins::Pins(fs::path root) : root_(std::move(root)) {
  RequireBpffs(root_);
  try {
    fs::create_directories(root_);
    lock_ = Lock(root_);
    fs::create_directory(root_ / kLinks);
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error("pin_path " + root_.string() + ": " + error.code().message());
  }
}

bool Pins::AreReady(const fs::path& tables) {
  const std::optional<pdtt_state> state = ReadState(tables);
  return state && state->ready != 0;
}

UniqueFd Pins::OpenLink(const std::string& name) const {
  return UniqueFd{bpf_obj_get((root_ / kLinks / name).c_str())};
}

void Pins::KeepLink(const UniqueFd& link, const std::string& name) const {
  const fs::path path = root_ / kLinks / name;
  if (const int error = bpf_obj_pin(link.Get(), path.c_str()); error != 0) {
    ThrowBpf(error, "pin " + path.string());
  }
}

void Pins::DropLink(const std::string& name) const {
  std::error_code ignored;
  fs::remove(root_ / kLinks / name, ignored);
}

void Pins::DropLinksExcept(const std::set<std::string>& names) const {
  for (const fs::path& path : Entries(root_ / kLinks)) {
    if (!names.contains(path.filename().string())) {
      DropLink(path.filename().string());
    }
  }
}

std::uint32_t Pins::LastGeneration() const {
  std::uint32_t last = 0;
  for (const fs::path& path : Entries(root_)) {
    last = std::max(last, GenerationOf(path).value_or(0));
  }
  return last;
}

void Pins::KeepInGeneration(int link, std::uint32_t generation, const std::string& name) const {
  const fs::path directory = root_ / (std::string{kGeneration} + std::to_string(generation));
  fs::create_directory(directory);
  if (const int error = bpf_obj_pin(link, (directory / name).c_str()); error != 0) {
    ThrowBpf(error, "pin " + (directory / name).string());
  }
}

void Pins::DropOtherGenerations(std::uint32_t generation) const {
  for (const fs::path& path : Entries(root_)) {
    if (const auto found = GenerationOf(path); found && *found != generation) {
      Remove(path);
    }
  }
}

void Pins::Remove(const fs::path& tables) {
  std::error_code ignored;
  fs::remove_all(tables, ignored);
}

void Pins::MoveNext() const {
  // First what says that they can be read: who is ended in between must not read half of them.
  std::error_code ignored;
  fs::remove(Tables() / "state_map", ignored);
  Remove(Tables());
  fs::rename(NextTables(), Tables());
}

bool ArePinned(const fs::path& root) {
  return IsBpffs(root) && !Entries(root / kLinks).empty();
}

std::vector<std::string> Detach(const fs::path& root) {
  std::vector<std::string> removed;
  std::error_code error;
  if (!fs::exists(root, error)) {
    return removed;
  }
  RequireBpffs(root);
  const UniqueFd lock = Lock(root);
  for (const fs::path& part : Entries(root)) {  // links, next, socket-*, tables
    for (const fs::path& path : Entries(part)) {
      if (!fs::remove(path, error)) {
        throw std::runtime_error("remove " + path.string() + ": " + error.message());
      }
      removed.push_back(path.string());
    }
    fs::remove(part, error);
  }
  fs::remove(root, error);
  return removed;
}

}  // namespace pdtt
