// SPDX-License-Identifier: Apache-2.0
#include "report/append.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace pdtt {
namespace {

constexpr mode_t kMode = 0640;

[[noreturn]] void Throw(int error, const std::string& what) {
  throw std::system_error(error, std::system_category(), what);
}

std::string ErrorText(const std::string& what) {
  return what + ": " + std::system_category().message(errno);
}

bool LastLineIsTorn(int fd) {
  struct stat status {};
  char last = '\n';
  return fstat(fd, &status) == 0 && status.st_size > 0 &&
         pread(fd, &last, 1, status.st_size - 1) == 1 && last != '\n';
}

// From the end as it is now: the file may have been cut meanwhile.
bool TakeBack(int fd, std::size_t bytes) {
  struct stat status {};
  return fstat(fd, &status) == 0 &&
         ftruncate(fd, std::max<off_t>(status.st_size - static_cast<off_t>(bytes), 0)) == 0;
}

}  // namespace

UniqueFd OpenForAppend(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for its reader.
  constexpr int kFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  UniqueFd made{open(path.c_str(), kFlags | O_CREAT | O_EXCL, kMode)};
  if (made) {
    if (fchmod(made.Get(), kMode) != 0) {
      Throw(errno, "set the mode of " + path);
    }
    return made;
  }
  if (errno != EEXIST) {
    Throw(errno, "open " + path);
  }
  UniqueFd found{open(path.c_str(), kFlags)};
  struct stat status {};
  if (!found || fstat(found.Get(), &status) != 0) {
    Throw(errno, "open " + path);
  }
  if (!S_ISREG(status.st_mode)) {
    Throw(EINVAL, path + " is not a regular file");
  }
  // In a directory that all may write to, its owner could change what is written.
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    Throw(EPERM, path + " belongs to another user");
  }
  return found;
}

std::size_t WriteAll(int fd, std::string_view text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(fd, text.data() + done, text.size() - done);
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (written == 0 || errno != EINTR) {
      break;
    }
  }
  return done;
}

Appended Append(const std::string& path, std::string_view text, std::string_view unit_end) try {
  const UniqueFd file = OpenForAppend(path);
  if (LastLineIsTorn(file.Get()) && WriteAll(file.Get(), "\n") == 0) {
    return {0, ErrorText("write to " + path)};
  }
  const std::size_t written = WriteAll(file.Get(), text);
  if (written == text.size()) {
    return {written, ""};
  }
  std::string error = ErrorText("write to " + path);
  const std::size_t end = text.substr(0, written).rfind(unit_end);
  const std::size_t kept = end == std::string_view::npos ? 0 : end + unit_end.size();
  if (!TakeBack(file.Get(), written - kept)) {
    error += ErrorText("; cut it back");
  }
  return {kept, error};
} catch (const std::system_error& error) {
  return {0, error.what()};
}

}  // namespace pdtt
