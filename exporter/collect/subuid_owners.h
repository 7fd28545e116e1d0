// SPDX-License-Identifier: Apache-2.0
// Which user a uid of a rootless container belongs to: subuid(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collect/lookup_thread.h"
#include "model/traffic.h"

namespace pdtt {

/// Read again when the file changes, by a thread of its own: it names users, who may be known to a
/// name service that hangs. Lines that make no sense are skipped, as newuidmap(1) does. All calls
/// are for one thread at a time.
class SubuidOwners {
 public:
  using UidOf = std::function<std::optional<std::uint32_t>(const std::string&)>;

  /// `uid_of` resolves the names in the file, in the thread.
  SubuidOwners(std::filesystem::path file, UidOf uid_of);

  /// Has the file read if it has changed, or has not been read yet, and takes over what was read
  /// since the last call: true if there was something. Waits once for each change, for
  /// kLookupPatience at the most.
  bool Refresh();

  /// Users may be others: the next call of Refresh() has the file read again.
  void Forget() { changed_at_ = kNotRead; }

  /// The lines that make sense, in the order of the file.
  [[nodiscard]] const std::vector<SubuidRange>& Ranges() const { return ranges_; }

  /// The user whose range holds `uid`, else `uid` itself.
  [[nodiscard]] std::uint32_t OwnerOf(std::uint32_t uid) const;

 private:
  class Reader;

  std::filesystem::path file_;
  static constexpr auto kNotRead = std::filesystem::file_time_type::min();
  std::filesystem::file_time_type changed_at_ = kNotRead;
  std::vector<SubuidRange> ranges_;
  std::shared_ptr<Reader> reader_;
  LookupThread thread_;
};

/// By the user database, the number itself, or the kernel; empty if there is no such user.
[[nodiscard]] std::optional<std::uint32_t> UidOfUser(const std::string& name_or_uid);

}  // namespace pdtt
