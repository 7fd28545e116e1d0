// SPDX-License-Identifier: Apache-2.0
// Untrusted text made fit for a terminal: every character that is left takes one cell or two.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pdtt::top {

enum class Charset { kAscii, kUtf8 };

/// Of the current locale. kUtf8 is usable only while that locale is set, because widths are its.
[[nodiscard]] Charset LocaleCharset();

/// Controls, escapes, characters without a cell of their own, those that turn the direction of
/// writing and bytes that are no UTF-8 are replaced by a mark.
[[nodiscard]] std::string CleanText(std::string_view text, Charset charset);

/// Cells that a clean text takes.
[[nodiscard]] std::size_t CellWidth(std::string_view clean);

enum class Align { kLeft, kRight };

/// The cleaned text, cut or padded to exactly `width` cells.
[[nodiscard]] std::string Fit(std::string_view text, std::size_t width, Align align,
                              Charset charset);

}  // namespace pdtt::top
