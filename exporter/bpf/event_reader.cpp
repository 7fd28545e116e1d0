// SPDX-License-Identifier: Apache-2.0
#include "bpf/event_reader.h"

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <span>

#include "bpf/error.h"
#include "bpf/ring_records.h"

namespace pdtt {
namespace {

constexpr std::size_t kWindow = 256UL * 1024;  // of the data, mapped while it is read

std::atomic_ref<std::uint64_t> Position(void* page) {
  return std::atomic_ref{*static_cast<std::uint64_t*>(page)};
}

}  // namespace

EventReader::EventReader(int ring_buffer_fd)
    : fd_(ring_buffer_fd), page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
  bpf_map_info info{};
  __u32 info_size = sizeof(info);
  if (const int error = bpf_obj_get_info_by_fd(fd_, &info, &info_size); error != 0) {
    ThrowBpf(error, "look at the ring buffer of events");
  }
  size_ = info.max_entries;
  consumer_ = mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (consumer_ == MAP_FAILED) {
    ThrowBpf(errno, "map the ring buffer of events");
  }
  producer_ = mmap(nullptr, page_, PROT_READ, MAP_SHARED, fd_, static_cast<off_t>(page_));
  if (producer_ == MAP_FAILED) {
    const int error = errno;
    munmap(consumer_, page_);
    ThrowBpf(error, "map the ring buffer of events");
  }
  next_ = Position(consumer_).load(std::memory_order_acquire);
}

EventReader::~EventReader() {
  munmap(consumer_, page_);
  munmap(producer_, page_);
}

EventsReading EventReader::Read() {
  const std::uint64_t end = Position(producer_).load(std::memory_order_acquire);
  if (end == next_) {
    EventsReading none;
    none.position = next_;
    return none;
  }
  // The kernel has the data twice in a row, so that what goes around the end is in one piece.
  const std::size_t at = next_ & (size_ - 1);
  const std::size_t before = at % page_;
  const std::size_t length = before + std::min<std::uint64_t>(end - next_, kWindow);
  void* const window = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd_,
                            static_cast<off_t>(2 * page_ + at - before));
  if (window == MAP_FAILED) {
    ThrowBpf(errno, "map events");
  }
  const std::span bytes{static_cast<const std::byte*>(window), length};
  EventsReading events = ReadRecords(bytes.subspan(before), next_);
  munmap(window, length);
  next_ = events.position;
  return events;
}

void EventReader::Commit(std::uint64_t position) {
  Position(consumer_).store(position, std::memory_order_release);
}

}  // namespace pdtt
