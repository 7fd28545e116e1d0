// SPDX-License-Identifier: Apache-2.0
// Reads what is counted at each open socket.
#pragma once

#include <cstddef>
#include <vector>

#include "bpf/unique_fd.h"
#include "model/reading.h"

namespace pdtt {

/// By the program iter_sockets, which sees all sockets in one pass and says how it hands them over.
class SocketReader {
 public:
  /// `fd` is socket_copies; borrowed.
  explicit SocketReader(int fd);

  /// Appends the open sockets. False with errno set if they can't be read.
  [[nodiscard]] bool Read(const UniqueFd& iterator, std::vector<ConnectionReading>& into) const;

 private:
  [[nodiscard]] bool ReadCopies(std::size_t count, std::vector<ConnectionReading>& into) const;

  int fd_;
  std::size_t capacity_;
};

}  // namespace pdtt
