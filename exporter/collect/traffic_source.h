// SPDX-License-Identifier: Apache-2.0
// Where counters come from: the kernel in the exporter, a fake in tests.
#pragma once

#include "model/reading.h"

namespace pdtt {

/// Used by one thread, the collector's.
class TrafficSource {
 public:
  virtual ~TrafficSource() = default;

  /// What happened since the last call, or a part of it: then the position is another one than
  /// before. Cheap; called several times a second.
  [[nodiscard]] virtual EventsReading ReadEvents() = 0;

  /// Events before this position are dealt with. The others would be read again after a crash.
  /// Thread-safe.
  virtual void CommitEvents(std::uint64_t position) = 0;

  /// Reads every table once. Parts that fail are named in Reading::failed_stages.
  [[nodiscard]] virtual Reading Read() = 0;
};

}  // namespace pdtt
