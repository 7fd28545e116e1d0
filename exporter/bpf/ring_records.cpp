// SPDX-License-Identifier: Apache-2.0
#include "bpf/ring_records.h"

#include <linux/bpf.h>

#include <cstring>

#include "bpf/connection_record.h"
#include "pdtt_abi.h"

namespace pdtt {
namespace {

constexpr std::size_t kHeader = BPF_RINGBUF_HDR_SZ;
constexpr std::size_t kMost = 1024;
constexpr std::uint32_t kFlags = BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT;

void Take(const pdtt_event& event, EventsReading& into) {
  if (event.type == PDTT_EVENT_CLOSED) {
    into.closed.push_back(ToConnection(event));
  } else if (event.type == PDTT_EVENT_NEW_ACCOUNT) {
    into.new_users.push_back(event.conn.uid);
  }
}

}  // namespace

EventsReading ReadRecords(std::span<const std::byte> records, std::uint64_t begin) {
  EventsReading events;
  std::size_t next = 0;
  while (next + kHeader <= records.size() && events.closed.size() < kMost) {
    const std::uint32_t header =
        __atomic_load_n(reinterpret_cast<const std::uint32_t*>(&records[next]), __ATOMIC_ACQUIRE);
    if ((header & BPF_RINGBUF_BUSY_BIT) != 0) {
      break;  // a program is writing it
    }
    const std::size_t length = header & ~kFlags;
    const std::span<const std::byte> rest = records.subspan(next + kHeader);
    if (length > rest.size()) {
      break;  // it is cut off
    }
    pdtt_event event{};
    if ((header & BPF_RINGBUF_DISCARD_BIT) == 0 && length >= sizeof(event)) {
      std::memcpy(&event, rest.data(), sizeof(event));
      Take(event, events);
    }
    next += (length + kHeader + 7) / 8 * 8;
  }
  events.position = begin + next;
  return events;
}

}  // namespace pdtt
