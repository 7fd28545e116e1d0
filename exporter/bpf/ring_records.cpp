// SPDX-License-Identifier: Apache-2.0
#include "bpf/ring_records.h"

#include <linux/bpf.h>

#include <algorithm>
#include <cstring>

#include "bpf/connection_record.h"
#include "pdtt_abi.h"

namespace pdtt {
namespace {

constexpr std::uint64_t kHeader = BPF_RINGBUF_HDR_SZ;
constexpr std::size_t kMost = 1024;
constexpr std::uint32_t kFlags = BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT;

void Take(const pdtt_event& event, EventsReading& into) {
  if (event.type == PDTT_EVENT_CLOSED) {
    into.closed.push_back(ToConnection(event));
  } else if (event.type == PDTT_EVENT_NEW_ACCOUNT) {
    into.new_users.push_back(event.conn.uid);
  }
}

/// Around the end of the data, where a record may be cut in two.
void Copy(std::span<const std::byte> data, std::uint64_t position, std::span<std::byte> into) {
  const std::size_t at = position & (data.size() - 1);
  const std::size_t first = std::min(into.size(), data.size() - at);
  std::memcpy(into.data(), data.data() + at, first);
  std::memcpy(into.data() + first, data.data(), into.size() - first);
}

}  // namespace

EventsReading ReadRecords(std::span<const std::byte> data, std::uint64_t begin, std::uint64_t end) {
  EventsReading events;
  std::uint64_t next = begin;
  while (next < end && events.closed.size() < kMost) {
    const std::uint32_t header = __atomic_load_n(
        reinterpret_cast<const std::uint32_t*>(data.data() + (next & (data.size() - 1))),
        __ATOMIC_ACQUIRE);
    if ((header & BPF_RINGBUF_BUSY_BIT) != 0) {
      break;  // a program is writing it
    }
    const std::uint64_t length = header & ~kFlags;
    pdtt_event event{};
    if ((header & BPF_RINGBUF_DISCARD_BIT) == 0 && length >= sizeof(event)) {
      Copy(data, next + kHeader, std::as_writable_bytes(std::span{&event, 1}));
      Take(event, events);
    }
    next += (length + kHeader + 7) / 8 * 8;
  }
  events.position = next;
  return events;
}

}  // namespace pdtt
