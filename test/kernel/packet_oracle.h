// SPDX-License-Identifier: Apache-2.0
// A second opinion on frames, written from the RFCs: what the XDP program should make of one.
#pragma once

#include <cstdint>
#include <span>

#include "pdtt_abi.h"

namespace pdtt::test {

struct Opinion {
  pdtt_xdp_result result = PDTT_XDP_MALFORMED;  ///< unknown_connection: the key is complete
  pdtt_conn_key key{};
};

/// A received frame, so the source is the remote end.
[[nodiscard]] Opinion Classify(std::span<const std::uint8_t> frame);

}  // namespace pdtt::test
