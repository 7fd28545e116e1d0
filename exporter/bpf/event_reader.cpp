// SPDX-License-Identifier: Apache-2.0
#include "bpf/event_reader.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "bpf/connection_record.h"
#include "bpf/error.h"
#include "pdtt_abi.h"

namespace pdtt {

EventReader::EventReader(int ring_buffer_fd)
    : events_(std::make_unique<EventsReading>()),
      ring_(ring_buffer__new(ring_buffer_fd, &EventReader::Take, events_.get(), nullptr)) {
  if (!ring_) {
    ThrowBpf(errno, "map the ring buffer of events");
  }
}

// noexcept: the caller is C. Running out of memory here ends the process, as it should.
int EventReader::Take(void* events, void* data, size_t size) noexcept {
  auto& into = *static_cast<EventsReading*>(events);
  pdtt_event event{};
  if (size < sizeof(event)) {
    return 0;
  }
  std::memcpy(&event, data, sizeof(event));
  if (event.type == PDTT_EVENT_CLOSED) {
    into.closed.push_back(ToConnection(event.conn));
  } else if (event.type == PDTT_EVENT_NEW_ACCOUNT) {
    into.new_users.push_back(event.conn.uid);
  }
  return 0;
}

EventsReading EventReader::Read() {
  ring_buffer__consume(ring_.get());
  return std::exchange(*events_, {});
}

}  // namespace pdtt
