// SPDX-License-Identifier: Apache-2.0
// Connections that have ended, kept until a scraper can have seen their last values.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <vector>

#include "model/reading.h"

namespace pdtt {

class ClosedConnections {
 public:
  using Clock = std::chrono::steady_clock;

  /// Each stays for `linger` after its end and until it was published once; the oldest of more than
  /// `capacity` make room.
  ClosedConnections(std::chrono::milliseconds linger, std::size_t capacity)
      : linger_(linger), capacity_(capacity) {}

  void SetLinger(std::chrono::milliseconds linger) { linger_ = linger; }

  void Add(const std::vector<ConnectionReading>& closed, Clock::time_point now);

  [[nodiscard]] std::size_t Size() const { return closed_.size(); }

  /// Forgets what has lingered long enough. The rest counts as published from here on if a scraper
  /// gets it; others get what ended within the linger.
  void Publish(Clock::time_point now, bool to_scraper, std::vector<ConnectionReading>& into);

 private:
  struct Closed {
    ConnectionReading connection;
    Clock::time_point end;
    bool published = false;
  };

  std::chrono::milliseconds linger_;
  std::size_t capacity_;
  std::deque<Closed> closed_;
};

}  // namespace pdtt
