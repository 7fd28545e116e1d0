// SPDX-License-Identifier: Apache-2.0
// One user's packets on all CPUs at once.
#pragma once

#include <cstdint>

#include "layouts.h"

namespace pdtt::bench {

/// Each layout on one CPU and on all of them; and what it costs two CPUs to add to one word.
void MeasureContention(Layouts& layouts, std::uint32_t rounds);

}  // namespace pdtt::bench
