// SPDX-License-Identifier: Apache-2.0
// Many live connections between two network namespaces, with both ends in our hands.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bpf/unique_fd.h"

namespace pdtt::bench {

struct CrowdOptions {
  std::string peer_namespace;  ///< path; the near end is in the caller's
  std::string near_address;
  std::string far_address;
  bool tcp = true;
  std::uint32_t connections = 1;
  std::uint32_t accounts = 1;  ///< users who own the near ends in turn; fewer than connections
  std::uint32_t packets = 1;   ///< of a pass at least: each connection sends as many as another
};

/// Processes that hold the sockets, each as many as its limit allows. They end with the object.
class Crowd {
 public:
  explicit Crowd(const CrowdOptions& options);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// Opens all connections. Throws std::runtime_error.
  void Connect();
  /// 64 bytes from each near end to its far end, one connection after the other.
  void Pass();

 private:
  struct Member {
    pid_t pid = -1;
    UniqueFd channel;
  };
  void Order(char what);

  std::vector<Member> members_;
};

}  // namespace pdtt::bench
