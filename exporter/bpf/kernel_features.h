// SPDX-License-Identifier: Apache-2.0
// What this kernel's verifier accepts, found out by asking it. Needs the right to load programs.
#pragma once

namespace pdtt {

/// Atomic operations that return the old value (Linux 5.12 has them).
[[nodiscard]] bool HasFetchAtomics();

/// XDP programs for frames of several buffers, as jumbo frames are (Linux 5.18 has them).
[[nodiscard]] bool HasXdpFrags();

}  // namespace pdtt
