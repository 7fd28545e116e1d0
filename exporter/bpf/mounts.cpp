// SPDX-License-Identifier: Apache-2.0
#include "bpf/mounts.h"

#include <mntent.h>

#include <array>
#include <cstdio>
#include <memory>

namespace pdtt {

bool Mount::HasOption(const std::string& option) const {
  return ("," + options + ",").find("," + option + ",") != std::string::npos;
}

std::vector<Mount> ReadMounts(const std::filesystem::path& mounts) {
  std::vector<Mount> found;
  const std::unique_ptr<FILE, int (*)(FILE*)> file{setmntent(mounts.c_str(), "re"), &endmntent};
  std::array<char, 4096> text{};
  mntent entry{};
  while (file && getmntent_r(file.get(), &entry, text.data(), static_cast<int>(text.size()))) {
    found.push_back({entry.mnt_dir, entry.mnt_type, entry.mnt_opts});
  }
  return found;
}

}  // namespace pdtt
