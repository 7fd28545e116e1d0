// SPDX-License-Identifier: Apache-2.0
// Records of the ring buffer, decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/reading.h"

namespace pdtt {

/// The events in `records`, which begins at position `begin`: positions count bytes from the ring's
/// beginning in time. It is aligned as mapped memory is. Stops early at a record that is being
/// written, at one that is cut off, and at a thousand ended connections.
[[nodiscard]] EventsReading ReadRecords(std::span<const std::byte> records, std::uint64_t begin);

}  // namespace pdtt
