// SPDX-License-Identifier: Apache-2.0
// Which user a uid of a rootless container belongs to: subuid(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/traffic.h"

namespace pdtt {

/// Read again when the file changes. Lines that make no sense are skipped, as newuidmap(1) does.
class SubuidOwners {
 public:
  using UidOf = std::function<std::optional<std::uint32_t>(const std::string&)>;

  /// `uid_of` resolves the names in the file.
  SubuidOwners(std::filesystem::path file, UidOf uid_of);

  /// Reads the file again if it has changed; true if it had.
  bool Refresh();

  /// The lines that make sense, in the order of the file.
  [[nodiscard]] const std::vector<SubuidRange>& Ranges() const { return ranges_; }

  /// The user whose range holds `uid`, else `uid` itself.
  [[nodiscard]] std::uint32_t OwnerOf(std::uint32_t uid) const;

 private:
  std::filesystem::path file_;
  UidOf uid_of_;
  std::filesystem::file_time_type read_at_ = std::filesystem::file_time_type::min();
  std::vector<SubuidRange> ranges_;
};

/// By the user database, the number itself, or the kernel; empty if there is no such user.
[[nodiscard]] std::optional<std::uint32_t> UidOfUser(const std::string& name_or_uid);

}  // namespace pdtt
