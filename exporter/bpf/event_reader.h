// SPDX-License-Identifier: Apache-2.0
// Takes events out of the ring buffer.
#pragma once

#include <bpf/libbpf.h>

#include <memory>

#include "model/reading.h"

namespace pdtt {

class EventReader {
 public:
  /// Throws std::system_error if the ring buffer can't be mapped.
  explicit EventReader(int ring_buffer_fd);

  /// Everything since the last call.
  [[nodiscard]] EventsReading Read();

 private:
  static int Take(void* events, void* data, size_t size) noexcept;

  struct Free {
    void operator()(ring_buffer* ring) const noexcept { ring_buffer__free(ring); }
  };
  std::unique_ptr<EventsReading> events_;  ///< libbpf keeps its address
  std::unique_ptr<ring_buffer, Free> ring_;
};

}  // namespace pdtt
