// SPDX-License-Identifier: Apache-2.0
// Where counters come from: the kernel in the exporter, a fake in tests.
#pragma once

#include "model/reading.h"

namespace pdtt {

/// Used by one thread, the collector's.
class TrafficSource {
 public:
  virtual ~TrafficSource() = default;

  /// Takes what happened since the last call. Cheap; called several times a second.
  [[nodiscard]] virtual EventsReading ReadEvents() = 0;

  /// Reads every table once. Parts that fail are named in Reading::failed_stages.
  [[nodiscard]] virtual Reading Read() = 0;
};

}  // namespace pdtt
