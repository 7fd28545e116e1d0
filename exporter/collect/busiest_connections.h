// SPDX-License-Identifier: Apache-2.0
// Chooses the connections that become series.
#pragma once

#include <cstddef>
#include <vector>

#include "model/reading.h"

namespace pdtt {

/// The `count` connections with the most bytes, busiest first. Connections whose series would have
/// the same labels (equal addresses in two network namespaces, a port used again) become one: open
/// ones are added up, a closed one gives way to its successor.
[[nodiscard]] std::vector<ConnectionReading> BusiestConnections(
    const std::vector<const ConnectionReading*>& open,
    const std::vector<const ConnectionReading*>& closed, std::size_t count);

}  // namespace pdtt
