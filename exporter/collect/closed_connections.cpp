// SPDX-License-Identifier: Apache-2.0
#include "collect/closed_connections.h"

namespace pdtt {

void ClosedConnections::Add(const std::vector<ConnectionReading>& closed, Clock::time_point now) {
  for (const ConnectionReading& connection : closed) {
    if (connection.reason == CloseReason::kIdle) {
      continue;  // it has lingered already
    }
    closed_.push_back({connection, now, false});
  }
  while (closed_.size() > capacity_) {
    closed_.pop_front();
  }
}

void ClosedConnections::Publish(Clock::time_point now, bool to_scraper,
                                std::vector<ConnectionReading>& into) {
  while (!closed_.empty() && closed_.front().published && closed_.front().end + linger_ <= now) {
    closed_.pop_front();
  }
  for (Closed& closed : closed_) {
    if (to_scraper || closed.end + linger_ > now) {
      into.push_back(closed.connection);
    }
    closed.published = closed.published || to_scraper;
  }
}

}  // namespace pdtt
