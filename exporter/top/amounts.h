// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them: amounts, shares, clock times, and bars of block characters.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "top/terminal_text.h"

namespace pdtt::top {

/// Three digits and a decimal unit: 999 B, 1.02 kB, 12.3 MB. At most 7 characters.
[[nodiscard]] std::string AmountText(double bytes);

/// 0..1 as a percentage.
[[nodiscard]] std::string ShareText(double share);

/// The local time of day of a Unix time; as much as it takes to tell.
[[nodiscard]] std::string ClockText(double unix_seconds);

/// A bar of `share` of `width` cells.
[[nodiscard]] std::string Bar(double share, std::size_t width, Charset charset);

/// One column for each value, the highest as high as the line. More values than `width` are
/// averaged, fewer stand on the right, where now is.
[[nodiscard]] std::string Sparkline(std::span<const double> values, std::size_t width,
                                    Charset charset);

}  // namespace pdtt::top
