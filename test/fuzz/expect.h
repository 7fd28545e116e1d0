// SPDX-License-Identifier: Apache-2.0
// What must hold for every input: if it doesn't, the run ends with the input as its finding.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace pdtt::fuzz {

inline void Expect(bool holds, std::string_view what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
  }
}

/// One line for a log or a terminal, whatever the input was.
[[nodiscard]] inline bool IsOneLine(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
}

}  // namespace pdtt::fuzz
