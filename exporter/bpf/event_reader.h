// SPDX-License-Identifier: Apache-2.0
// Reads events out of the ring buffer, and lets go of them later, when they are dealt with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/reading.h"

namespace pdtt {

/// libbpf's ring_buffer lets go of each event as it hands it over; a crash before the event is
/// written down would lose it. It also keeps the data mapped, twice, and every mapped page counts
/// as memory of the process; here it is mapped piece by piece, while it is read. Layout:
/// kernel/bpf/ringbuf.c and include/uapi/linux/bpf.h.
class EventReader {
 public:
  /// Throws std::system_error if the ring buffer can't be mapped. The descriptor is borrowed.
  explicit EventReader(int ring_buffer_fd);
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  /// What came since the last call, with the position behind it. At most a thousand ended
  /// connections, so that they can be dealt with piece by piece. Throws std::system_error if they
  /// can't be mapped.
  [[nodiscard]] EventsReading Read();

  /// Makes room in the ring up to there. Thread-safe; positions only rise.
  void Commit(std::uint64_t position);

 private:
  int fd_;
  void* consumer_;        ///< one page, the kernel looks at its first word
  void* producer_;        ///< one page, the kernel writes its first word
  std::size_t page_;      ///< bytes
  std::size_t size_ = 0;  ///< bytes of data, a power of two
  std::uint64_t next_;    ///< position of the first event that was not read yet
};

}  // namespace pdtt
