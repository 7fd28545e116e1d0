// SPDX-License-Identifier: Apache-2.0
// The snapshot of a large site, for measuring.
#pragma once

#include <cstddef>

#include "model/snapshot.h"

namespace pdtt {

/// Each user has moved TCP to and from three networks; the connections are spread over the users.
[[nodiscard]] Snapshot LargeSnapshot(std::size_t users, std::size_t connections);

}  // namespace pdtt
