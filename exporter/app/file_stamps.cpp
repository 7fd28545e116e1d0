// SPDX-License-Identifier: Apache-2.0
#include "app/file_stamps.h"

#include <algorithm>

namespace pdtt {
namespace {

constexpr std::chrono::milliseconds kWriting{200};

std::chrono::nanoseconds SinceEpoch(const timespec& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace

FileStamp StampOf(const std::filesystem::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) {
    return {};
  }
  return {.there = true,
          .device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .written = SinceEpoch(status.st_mtim),
          .changed = SinceEpoch(status.st_ctim)};
}

std::vector<FileStamp> StampsOf(const std::vector<std::filesystem::path>& files) {
  std::vector<FileStamp> stamps;
  stamps.reserve(files.size());
  std::ranges::transform(files, std::back_inserter(stamps), StampOf);
  return stamps;
}

bool MayStillBeWritten(const std::vector<FileStamp>& stamps, std::chrono::nanoseconds now) {
  return std::ranges::any_of(stamps, [now](const FileStamp& stamp) {
    // A time in the future tells nothing.
    return stamp.written <= now && now - stamp.written < kWriting;
  });
}

}  // namespace pdtt
