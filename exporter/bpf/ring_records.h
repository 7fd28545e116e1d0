// SPDX-License-Identifier: Apache-2.0
// The records in the ring buffer's data, decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/reading.h"

namespace pdtt {

/// The events between two positions, which count bytes from the ring's beginning in time. `data`
/// is a power of two long and aligned as mapped memory is; the kernel goes on writing behind `end`.
/// Stops early at a record that is being written, and at a thousand ended connections.
[[nodiscard]] EventsReading ReadRecords(std::span<const std::byte> data, std::uint64_t begin,
                                        std::uint64_t end);

}  // namespace pdtt
