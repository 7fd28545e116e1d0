// SPDX-License-Identifier: Apache-2.0
// Which network class an address belongs to, in the kernel's longest-prefix-match trie.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/traffic.h"

namespace pdtt {

/// A network class and its prefixes, in v4-mapped form.
struct NamedPrefixes {
  std::string name;
  std::vector<std::pair<IpAddress, std::uint32_t>> prefixes;
};

class NetworkMap {
 public:
  /// The descriptors of network_map and network_names. Classes that these know keep their numbers.
  NetworkMap(int prefixes_fd, int names_fd) : prefixes_fd_(prefixes_fd), names_fd_(names_fd) {}

  /// Classifies new connections by these from now on; returns the names by number, with those of
  /// classes that are no longer configured. Throws std::runtime_error if there is no room.
  std::vector<std::string> Set(const std::vector<NamedPrefixes>& networks);

 private:
  [[nodiscard]] std::vector<std::string> ReadNames() const;
  void WriteName(std::uint32_t number, const std::string& name) const;

  int prefixes_fd_;
  int names_fd_;
};

/// Copies the names that `from_fd` knows (network_names of other tables), with their numbers.
void CopyNetworkNames(int from_fd, int to_fd);

}  // namespace pdtt
