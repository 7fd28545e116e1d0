// SPDX-License-Identifier: Apache-2.0
#include "bpf/idle_flows.h"

#include <bpf/bpf.h>

#include <cstring>
#include <ctime>
#include <utility>

#include "bpf/connection_record.h"
#include "bpf/map_reader.h"

namespace pdtt {
namespace {

constexpr auto kBetweenLooks = std::chrono::seconds{5};
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMillisecond = 1'000'000;

std::uint64_t Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

// To the millisecond: two readings of it must agree, so that a flow that is handed over again after
// a crash has the same end, by which its record is known.
std::uint64_t SuspendedTime() {
  const std::uint64_t monotonic = Now(CLOCK_MONOTONIC);
  return (Now(CLOCK_BOOTTIME) - monotonic) / kMillisecond * kMillisecond;
}

Traffic Difference(const Traffic& all, const Traffic& part) {
  return {all.receive_bytes - part.receive_bytes, all.transmit_bytes - part.transmit_bytes,
          all.receive_packets - part.receive_packets, all.transmit_packets - part.transmit_packets};
}

}  // namespace

std::uint64_t CoarseNow() {
  return Now(CLOCK_MONOTONIC_COARSE);
}

bool IdleFlows::LessKey::operator()(const pdtt_flow_key& one, const pdtt_flow_key& other) const {
  return std::memcmp(&one, &other, sizeof(one)) < 0;
}

ConnectionReading IdleFlows::HandOver(const pdtt_flow_key& key, const pdtt_flow& flow) {
  ConnectionReading reading = ToConnection(key, flow);
  reading.reason = CloseReason::kIdle;
  reading.end_ns = flow.last_ns + SuspendedTime();
  const auto [entry, is_first] = handed_over_.try_emplace(key);
  const HandedOver before =
      std::exchange(entry->second, {flow.last_ns, reading.end_ns, reading.traffic});
  if (!is_first) {
    reading.start_ns = before.end_ns;
    reading.traffic = Difference(reading.traffic, before.traffic);
  }
  return reading;
}

std::vector<ConnectionReading> IdleFlows::Take(Clock::time_point now) {
  std::vector<ConnectionReading> ended;
  if (now < next_look_) {
    return ended;
  }
  next_look_ = now + kBetweenLooks;
  const auto idle = static_cast<std::uint64_t>(std::chrono::nanoseconds{idle_}.count());
  const std::uint64_t coarse_now = CoarseNow();
  for (auto& [key, before] : handed_over_) {
    before.seen = false;
  }
  // A look that fails in the middle has handed over less; the rest comes with the next one.
  static_cast<void>(ForEachEntry<pdtt_flow_key, pdtt_flow>(
      fd_, capacity_, [&](const pdtt_flow_key& key, const pdtt_flow& flow) {
        const auto known = handed_over_.find(key);
        if (known != handed_over_.end()) {
          known->second.seen = true;
        }
        if (flow.last_ns + idle >= coarse_now) {
          return;
        }
        if (known != handed_over_.end() && known->second.last_ns == flow.last_ns) {
          pdtt_flow last{};
          if (bpf_map_lookup_and_delete_elem(fd_, &key, &last) != 0) {
            bpf_map_delete_elem(fd_, &key);  // Linux before 5.14: two steps
          } else if (last.last_ns != flow.last_ns) {
            ended.push_back(HandOver(key, last));
          }
          handed_over_.erase(known);
        } else {
          ended.push_back(HandOver(key, flow));
        }
      }));
  std::erase_if(handed_over_, [](const auto& entry) { return !entry.second.seen; });
  return ended;
}

}  // namespace pdtt
