// SPDX-License-Identifier: Apache-2.0
// Files as the tests see them, a disk that is soon full, and waiting for a thread.
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "kernel/temporary_folder.h"

namespace pdtt::test {

inline std::string Content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void SetContent(const std::filesystem::path& file, const std::string& content) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream{file, std::ios::binary} << content;
}

inline unsigned ModeOf(const std::filesystem::path& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

/// Whether the condition comes true; the limit is for machines that are busy.
template <typename Condition>
bool Eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

/// 64 KiB in a mount namespace of the calling thread and those that it starts from here on; it
/// needs root.
class SmallDisk {
 public:
  SmallDisk()
      : mounted_(unshare(CLONE_NEWNS) == 0 &&
                 mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                 mount("none", folder_.Path().c_str(), "tmpfs", 0, "size=64k") == 0) {}
  ~SmallDisk() {
    if (mounted_) {
      umount2(folder_.Path().c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool IsMounted() const { return mounted_; }
  [[nodiscard]] const std::filesystem::path& Path() const { return folder_.Path(); }

  /// Takes what is free, but for so many pages.
  void Fill(int free_pages) const {
    std::ofstream file{Path() / "filler", std::ios::binary | std::ios::app};
    const std::string page(4096, 'x');
    while (file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
    }
    file.close();
    const auto size = std::filesystem::file_size(Path() / "filler") / page.size() * page.size();
    std::filesystem::resize_file(Path() / "filler",
                                 size - page.size() * static_cast<unsigned>(free_pages));
  }
  void Free() const { std::filesystem::remove(Path() / "filler"); }

 private:
  TemporaryFolder folder_;
  bool mounted_;
};

}  // namespace pdtt::test
