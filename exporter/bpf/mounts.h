// SPDX-License-Identifier: Apache-2.0
// What is mounted where, from a mounts(5) file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pdtt {

struct Mount {
  std::filesystem::path directory;
  std::string type;
  std::string options;  ///< separated by commas

  [[nodiscard]] bool HasOption(const std::string& option) const;
};

/// In the file's order; none if it can't be read.
[[nodiscard]] std::vector<Mount> ReadMounts(const std::filesystem::path& mounts);

}  // namespace pdtt
