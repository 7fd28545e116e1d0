// SPDX-License-Identifier: Apache-2.0
// The kernel's connection structs as plain values.
#pragma once

#include <cstdint>

#include "model/reading.h"
#include "pdtt_abi.h"

namespace pdtt {

/// Programs of another version, taken over where they are pinned, may know more than this one: what
/// they counted is not to be lost for that, nor is anybody to stumble over it.
[[nodiscard]] Protocol ToProtocol(std::uint32_t protocol);

[[nodiscard]] ConnectionReading ToConnection(const pdtt_conn& conn);
[[nodiscard]] ConnectionReading ToConnection(const pdtt_event& event);
[[nodiscard]] ConnectionReading ToConnection(const pdtt_flow_key& key, const pdtt_flow& flow);

}  // namespace pdtt
