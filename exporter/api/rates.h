// SPDX-License-Identifier: Apache-2.0
// What moved between two snapshots, per second.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "api/counters.h"

namespace pdtt {

/// Bytes per second.
struct Rate {
  double receive = 0;
  double transmit = 0;

  [[nodiscard]] double Both() const { return receive + transmit; }
};

struct Rates {
  std::chrono::duration<double> window{};  ///< what they are averaged over; 0: there are none yet
  Rate host;
  std::map<std::uint32_t, Rate> users;  ///< by uid
  std::map<ConnectionKey, Rate> connections;
};

/// Users and connections of `to`. What is known of them in `from` is no more than they have now,
/// and nobody moved more than the host did: where counters say otherwise, they began anew or came
/// from somebody else, and the rate is 0. So it is for a connection that began before `from` and is
/// not in there.
[[nodiscard]] Rates RatesBetween(const Counters& from, const Counters& to);

}  // namespace pdtt
