// SPDX-License-Identifier: Apache-2.0
#include "packet_events.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <chrono>

#include "bpf/error.h"

namespace pdtt::bench {
namespace {

constexpr int kWaitMs = 20;

int Take(void* taken, void* /*event*/, std::size_t /*size*/) {
  static_cast<std::atomic<std::uint64_t>*>(taken)->fetch_add(1, std::memory_order_relaxed);
  return 0;
}

}  // namespace

void PacketEvents::Free::operator()(ring_buffer* ring) const noexcept {
  ring_buffer__free(ring);
}

PacketEvents::PacketEvents(int ring_fd) : ring_(ring_buffer__new(ring_fd, Take, &taken_, nullptr)) {
  if (!ring_) {
    ThrowBpf(errno, "read the ring of events");
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ring_buffer__poll(ring_.get(), kWaitMs);
    }
  }};
}

PacketEvents::~PacketEvents() = default;

std::uint64_t PacketEvents::Taken() {
  for (;;) {
    const std::uint64_t before = taken_;
    std::this_thread::sleep_for(std::chrono::milliseconds{3 * kWaitMs});
    if (before == taken_) {
      return before;
    }
  }
}

}  // namespace pdtt::bench
