// SPDX-License-Identifier: Apache-2.0
// The kernel's connection structs as plain values.
#pragma once

#include "model/reading.h"
#include "pdtt_abi.h"

namespace pdtt {

[[nodiscard]] ConnectionReading ToConnection(const pdtt_conn& conn);
[[nodiscard]] ConnectionReading ToConnection(const pdtt_event& event);
[[nodiscard]] ConnectionReading ToConnection(const pdtt_flow_key& key, const pdtt_flow& flow);

}  // namespace pdtt
