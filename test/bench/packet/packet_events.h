// SPDX-License-Identifier: Apache-2.0
// Takes the events of the layout that sends one for each packet, as its user space would.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

struct ring_buffer;

namespace pdtt::bench {

/// A thread that waits for events and adds them up, until it is destroyed.
class PacketEvents {
 public:
  explicit PacketEvents(int ring_fd);
  ~PacketEvents();
  PacketEvents(const PacketEvents&) = delete;
  PacketEvents& operator=(const PacketEvents&) = delete;

  /// All events so far, once those that are in the ring have been taken.
  [[nodiscard]] std::uint64_t Taken();

 private:
  struct Free {
    void operator()(ring_buffer* ring) const noexcept;
  };

  std::atomic<std::uint64_t> taken_{0};
  std::unique_ptr<ring_buffer, Free> ring_;
  std::jthread thread_;
};

}  // namespace pdtt::bench
