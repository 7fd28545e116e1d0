// SPDX-License-Identifier: Apache-2.0
// What outlives the process: maps and links pinned in a directory of bpffs (bpf(2), BPF_OBJ_PIN).
//
//   PIN_PATH/tables/<map>     what was counted; PIN_PATH/next/<map> while another layout takes over
//   PIN_PATH/links/<program>  what keeps the programs attached
//   PIN_PATH/socket-<n>/...   the same of programs that cannot be exchanged in place
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "bpf/unique_fd.h"

namespace pdtt {

/// Exclusive: held by one process at a time, and let go by its death.
class Pins {
 public:
  /// Makes the directories that are missing. Throws std::runtime_error, with the remedy, if `root`
  /// is not on a bpffs that this process may write to, or names the process that has it already.
  explicit Pins(std::filesystem::path root);

  [[nodiscard]] std::filesystem::path Tables() const { return root_ / "tables"; }
  [[nodiscard]] std::filesystem::path NextTables() const { return root_ / "next"; }

  /// Whether the tables there are complete: a process can be killed while it makes them.
  [[nodiscard]] static bool AreReady(const std::filesystem::path& tables);

  /// The link that is pinned under this name; empty if there is none.
  [[nodiscard]] UniqueFd OpenLink(const std::string& name) const;

  /// Throws std::system_error.
  void KeepLink(const UniqueFd& link, const std::string& name) const;

  /// Nothing happens if there is none. The program is detached unless somebody holds the link.
  void DropLink(const std::string& name) const;

  void DropLinksExcept(const std::set<std::string>& names) const;

  /// The highest n of PIN_PATH/socket-<n>; 0: there is none.
  [[nodiscard]] std::uint32_t LastGeneration() const;

  /// Throws std::system_error.
  void KeepInGeneration(int link, std::uint32_t generation, const std::string& name) const;

  /// Detaches those of all generations but this one.
  void DropOtherGenerations(std::uint32_t generation) const;

  /// Unpins one set of tables, and removes its directory.
  static void Remove(const std::filesystem::path& tables);

  /// NextTables() become Tables().
  void MoveNext() const;

 private:
  std::filesystem::path root_;
  UniqueFd lock_;
};

/// Whether something of an earlier process is pinned there.
[[nodiscard]] bool ArePinned(const std::filesystem::path& root);

/// Detaches and removes all that is pinned there, links first; returns their paths. Throws
/// std::runtime_error if a running exporter uses it.
std::vector<std::string> Detach(const std::filesystem::path& root);

}  // namespace pdtt
