// SPDX-License-Identifier: Apache-2.0
#include "bpf/event_reader.h"

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "bpf/error.h"
#include "bpf/ring_records.h"

namespace pdtt {
namespace {

std::atomic_ref<std::uint64_t> Position(void* page) {
  return std::atomic_ref{*static_cast<std::uint64_t*>(page)};
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

EventsReading EventReader::Read() {
  const auto* data = static_cast<const std::byte*>(producer_) + page_;
  const std::uint64_t end = Position(producer_).load(std::memory_order_acquire);
  EventsReading events = ReadRecords({data, size_}, next_, end);
  next_ = events.position;
  return events;
}

void EventReader::Commit(std::uint64_t position) {
  Position(consumer_).store(position, std::memory_order_release);
}

}  // namespace pdtt
