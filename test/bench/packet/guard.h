// SPDX-License-Identifier: Apache-2.0
// Fails when the programs have become dearer, whatever machine they run on.
#pragma once

#include "layouts.h"

namespace pdtt::bench {

/// Compares sizes of programs, and times with those of the original layout in the same run. False
/// after printing what is beyond its bound.
[[nodiscard]] bool PassesGuard(Layouts& layouts);

}  // namespace pdtt::bench
