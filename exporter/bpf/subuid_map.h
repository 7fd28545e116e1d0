// SPDX-License-Identifier: Apache-2.0
// The kernel's copy of subuid(5): whose a sub-uid is, as prefixes of a longest-prefix-match trie.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "model/traffic.h"

namespace pdtt {

/// The first `length` bits of a uid.
struct UidPrefix {
  std::uint32_t uid = 0;
  std::uint32_t length = 0;

  bool operator<(const UidPrefix& other) const {
    return std::tie(uid, length) < std::tie(other.uid, other.length);
  }
};

/// The fewest prefixes that cover first..last, both included.
[[nodiscard]] std::vector<UidPrefix> ToPrefixes(std::uint32_t first, std::uint32_t last);

class SubuidMap {
 public:
  /// `fd` is subuid_map; an earlier process may have filled it.
  explicit SubuidMap(int fd);

  /// Makes the map hold these ranges and nothing else. False with errno set if the kernel refuses
  /// one; sub-uids without an entry count as users of their own until they are read.
  bool Set(std::span<const SubuidRange> ranges);

 private:
  int fd_;
  std::map<UidPrefix, std::uint32_t> owners_;  ///< what the map holds
};

}  // namespace pdtt
