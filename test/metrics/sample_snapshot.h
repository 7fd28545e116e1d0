// SPDX-License-Identifier: Apache-2.0
// A snapshot with at least one row of every kind and with names that need care.
#pragma once

#include "model/snapshot.h"

namespace pdtt {

[[nodiscard]] Snapshot SampleSnapshot();

/// 10.0.0.`last`, v4-mapped.
[[nodiscard]] IpAddress Ipv4(std::uint8_t last);

}  // namespace pdtt
