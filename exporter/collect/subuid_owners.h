// SPDX-License-Identifier: Apache-2.0
// Which user a uid of a rootless container belongs to: subuid(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pdtt {

/// Read again when the file changes. Lines that make no sense are skipped, as newuidmap(1) does.
class SubuidOwners {
 public:
  using UidOf = std::function<std::optional<std::uint32_t>(const std::string&)>;

  /// `uid_of` resolves the names in the file.
  SubuidOwners(std::filesystem::path file, UidOf uid_of);

  /// Looks whether the file has changed.
  void Refresh();

  /// The user whose range holds `uid`, else `uid` itself.
  [[nodiscard]] std::uint32_t OwnerOf(std::uint32_t uid) const;

 private:
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  ///< inclusive
    std::uint32_t owner = 0;
  };

  std::filesystem::path file_;
  UidOf uid_of_;
  std::filesystem::file_time_type read_at_ = std::filesystem::file_time_type::min();
  std::vector<Range> ranges_;
};

/// getpwnam_r(3), the number itself, or the kernel; empty if there is no such user.
[[nodiscard]] std::optional<std::uint32_t> UidOfUser(const std::string& name_or_uid);

}  // namespace pdtt
