// SPDX-License-Identifier: Apache-2.0
// Whether files have changed since they were read.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <compare>
#include <filesystem>
#include <vector>

namespace pdtt {

/// What differs when a file was written or replaced, as far as stat(2) tells.
struct FileStamp {
  bool there = false;
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::chrono::nanoseconds written{};  ///< mtime, since the epoch
  std::chrono::nanoseconds changed{};  ///< ctime

  bool operator==(const FileStamp&) const = default;
};

/// A file that is gone or can't be reached has a stamp too.
[[nodiscard]] FileStamp StampOf(const std::filesystem::path& file);

[[nodiscard]] std::vector<FileStamp> StampsOf(const std::vector<std::filesystem::path>& files);

/// Whether one of them was written so lately that its writer may not be done: a file that is
/// written in place is empty at first, and an empty one may be a valid one.
[[nodiscard]] bool MayStillBeWritten(const std::vector<FileStamp>& stamps,
                                     std::chrono::nanoseconds now);

}  // namespace pdtt
