// SPDX-License-Identifier: Apache-2.0
// Text at the end of files that others may rotate, cut or remove at any time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bpf/unique_fd.h"

namespace pdtt {

/// Opens a regular file to read and append, or makes it with mode 0640 whatever the umask. Follows
/// no link, and takes no file of another user but root. Throws std::system_error.
[[nodiscard]] UniqueFd OpenForAppend(const std::string& path);

/// Writes all of it, or as much as it could: then errno says why.
[[nodiscard]] std::size_t WriteAll(int fd, std::string_view text);

struct Appended {
  std::size_t bytes = 0;
  std::string error;  ///< empty if all of it was appended
};

/// Appends `text`, which consists of units that end with `unit_end`: whole units or nothing, also
/// when the disk is full. The file is opened each time: one that was renamed or removed is made
/// again, and none is held.
[[nodiscard]] Appended Append(const std::string& path, std::string_view text,
                              std::string_view unit_end);

}  // namespace pdtt
