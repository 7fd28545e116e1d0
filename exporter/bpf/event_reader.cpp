// SPDX-License-Identifier: Apache-2.0
#include "bpf/event_reader.h"

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "bpf/connection_record.h"
#include "bpf/error.h"
#include "pdtt_abi.h"

namespace pdtt {
namespace {

constexpr std::uint64_t kHeader = BPF_RINGBUF_HDR_SZ;
constexpr std::size_t kMost = 1024;
constexpr std::uint32_t kFlags = BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT;

std::atomic_ref<std::uint64_t> Position(void* page) {
  return std::atomic_ref{*static_cast<std::uint64_t*>(page)};
}

void Take(const pdtt_event& event, EventsReading& into) {
  if (event.type == PDTT_EVENT_CLOSED) {
    into.closed.push_back(ToConnection(event));
  } else if (event.type == PDTT_EVENT_NEW_ACCOUNT) {
    into.new_users.push_back(event.conn.uid);
  }
}

}  // namespace

EventReader::EventReader(int ring_buffer_fd)
    : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
  bpf_map_info info{};
  __u32 info_size = sizeof(info);
  if (const int error = bpf_obj_get_info_by_fd(ring_buffer_fd, &info, &info_size); error != 0) {
    ThrowBpf(error, "look at the ring buffer of events");
  }
  size_ = info.max_entries;
  consumer_ = mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_SHARED, ring_buffer_fd, 0);
  if (consumer_ == MAP_FAILED) {
    ThrowBpf(errno, "map the ring buffer of events");
  }
  producer_ = mmap(nullptr, page_ + size_, PROT_READ, MAP_SHARED, ring_buffer_fd,
                   static_cast<off_t>(page_));
  if (producer_ == MAP_FAILED) {
    const int error = errno;
    munmap(consumer_, page_);
    ThrowBpf(error, "map the ring buffer of events");
  }
  next_ = Position(consumer_).load(std::memory_order_acquire);
}

EventReader::~EventReader() {
  munmap(consumer_, page_);
  munmap(producer_, page_ + size_);
}

void EventReader::Copy(std::uint64_t position, std::span<std::byte> into) const {
  const auto* data = static_cast<const std::byte*>(producer_) + page_;
  const std::size_t at = position & (size_ - 1);
  const std::size_t first = std::min(into.size(), size_ - at);
  std::memcpy(into.data(), data + at, first);
  std::memcpy(into.data() + first, data, into.size() - first);
}

EventsReading EventReader::Read() {
  EventsReading events;
  const auto* data = static_cast<const std::byte*>(producer_) + page_;
  const std::uint64_t end = Position(producer_).load(std::memory_order_acquire);
  while (next_ < end && events.closed.size() < kMost) {
    const std::uint32_t header = __atomic_load_n(
        reinterpret_cast<const std::uint32_t*>(data + (next_ & (size_ - 1))), __ATOMIC_ACQUIRE);
    if ((header & BPF_RINGBUF_BUSY_BIT) != 0) {
      break;  // a program is writing it
    }
    const std::uint64_t length = header & ~kFlags;
    pdtt_event event{};
    if ((header & BPF_RINGBUF_DISCARD_BIT) == 0 && length >= sizeof(event)) {
      Copy(next_ + kHeader, std::as_writable_bytes(std::span{&event, 1}));
      Take(event, events);
    }
    next_ += (length + kHeader + 7) / 8 * 8;
  }
  events.position = next_;
  return events;
}

void EventReader::Commit(std::uint64_t position) {
  Position(consumer_).store(position, std::memory_order_release);
}

}  // namespace pdtt
