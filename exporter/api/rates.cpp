// SPDX-License-Identifier: Apache-2.0
#include "api/rates.h"

namespace pdtt {
namespace {

class Window {
 public:
  Window(const Counters& from, const Counters& to)
      : seconds_(std::chrono::duration<double>(to.steady_time - from.steady_time).count()),
        host_{Gained(from.host.receive, to.host.receive),
              Gained(from.host.transmit, to.host.transmit)} {}

  [[nodiscard]] Rate HostRate() const { return RateOf({}, host_); }

  [[nodiscard]] Rate RateOf(const Bytes& from, const Bytes& to) const {
    return {PerSecond(Gained(from.receive, to.receive), host_.receive),
            PerSecond(Gained(from.transmit, to.transmit), host_.transmit)};
  }

 private:
  static std::uint64_t Gained(std::uint64_t from, std::uint64_t to) {
    return to > from ? to - from : 0;
  }

  [[nodiscard]] double PerSecond(std::uint64_t bytes, std::uint64_t most) const {
    return bytes > most || seconds_ <= 0 ? 0 : static_cast<double>(bytes) / seconds_;
  }

  double seconds_;
  Bytes host_;
};

}  // namespace

Rates RatesBetween(const Counters& from, const Counters& to) {
  const Window window(from, to);
  Rates rates;
  rates.window = to.steady_time - from.steady_time;
  rates.host = window.HostRate();
  for (const auto& [uid, bytes] : to.users) {
    const auto before = from.users.find(uid);
    rates.users[uid] = window.RateOf(before == from.users.end() ? Bytes{} : before->second, bytes);
  }
  for (const auto& [key, now] : to.connections) {
    const auto before = from.connections.find(key);
    if (now.start >= from.time) {
      rates.connections[key] = window.RateOf({}, now.bytes);
    } else if (before != from.connections.end()) {
      rates.connections[key] = window.RateOf(before->second.bytes, now.bytes);
    } else {
      rates.connections[key] = {};
    }
  }
  return rates;
}

}  // namespace pdtt
