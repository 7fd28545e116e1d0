// SPDX-License-Identifier: Apache-2.0
// Ends the flows of unconnected sockets: nothing closes them, so they end by being idle.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "model/reading.h"
#include "pdtt_abi.h"

namespace pdtt {

class IdleFlows {
 public:
  using Clock = std::chrono::steady_clock;

  /// `fd` is flow_stats_map. Flows end after `idle` without a packet.
  IdleFlows(int fd, std::size_t capacity, std::chrono::milliseconds idle)
      : fd_(fd), capacity_(capacity), idle_(idle) {}

  void SetIdle(std::chrono::milliseconds idle) { idle_ = idle; }

  /// Flows that have ended, once each; one that comes to life again is a new flow from there on.
  /// Looks at the map only now and then. A flow leaves the map one look after it was handed over,
  /// so that a crash in between hands it over again rather than never.
  [[nodiscard]] std::vector<ConnectionReading> Take(Clock::time_point now);

 private:
  struct LessKey {
    bool operator()(const pdtt_flow_key& one, const pdtt_flow_key& other) const;
  };
  struct HandedOver {
    std::uint64_t last_ns = 0;  ///< of the last packet by then
    std::uint64_t end_ns = 0;   ///< the same, CLOCK_BOOTTIME
    Traffic traffic;
    bool seen = true;  ///< at the latest look
  };

  [[nodiscard]] ConnectionReading HandOver(const pdtt_flow_key& key, const pdtt_flow& flow);

  int fd_;
  std::size_t capacity_;
  std::chrono::milliseconds idle_;
  Clock::time_point next_look_;
  std::map<pdtt_flow_key, HandedOver, LessKey> handed_over_;
};

/// CLOCK_MONOTONIC_COARSE, the clock of bpf_ktime_get_coarse_ns().
[[nodiscard]] std::uint64_t CoarseNow();

}  // namespace pdtt
