// SPDX-License-Identifier: Apache-2.0
#include "collect/subuid_owners.h"

#include <fstream>
#include <system_error>
#include <utility>

#include "collect/passwd_entry.h"

namespace pdtt {

std::optional<std::uint32_t> UidOfUser(const std::string& name_or_uid) {
  if (const auto uid = ToUid(name_or_uid)) {
    return uid;
  }
  if (name_or_uid == "root") {
    return 0;  // of whom no name service need be asked
  }
  try {
    if (const auto entry = FindPasswdEntry(name_or_uid)) {
      return entry->uid;
    }
  } catch (const std::system_error&) {
    // A name service that fails knows no such user.
  }
  return name_or_uid == kKernelName ? std::optional{kKernelUid} : std::nullopt;
}

SubuidOwners::SubuidOwners(std::filesystem::path file, UidOf uid_of)
    : file_(std::move(file)), uid_of_(std::move(uid_of)) {
  Refresh();
}

bool SubuidOwners::Refresh() {
  std::error_code error;
  const auto changed_at = std::filesystem::last_write_time(file_, error);
  if (error) {
    read_at_ = std::filesystem::file_time_type::min();
    return !std::exchange(ranges_, {}).empty();
  }
  if (changed_at == read_at_) {
    return false;
  }
  read_at_ = changed_at;
  ranges_.clear();
  std::ifstream lines{file_};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first_colon = line.find(':');
    const std::size_t last_colon = line.rfind(':');
    if (first_colon == std::string::npos || first_colon == last_colon) {
      continue;
    }
    const auto owner = uid_of_(line.substr(0, first_colon));
    const auto first =
        ToUid(std::string_view{line}.substr(first_colon + 1, last_colon - first_colon - 1));
    const auto count = ToUid(std::string_view{line}.substr(last_colon + 1));
    if (!owner || !first || !count || *count == 0 || *count > kKernelUid - *first) {
      continue;
    }
    ranges_.push_back({*first, *first + (*count - 1), *owner});
  }
  return true;
}

std::uint32_t SubuidOwners::OwnerOf(std::uint32_t uid) const {
  for (const SubuidRange& range : ranges_) {
    if (uid >= range.first && uid <= range.last) {
      return range.owner;
    }
  }
  return uid;
}

}  // namespace pdtt
