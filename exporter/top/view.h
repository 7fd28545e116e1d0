// SPDX-License-Identifier: Apache-2.0
// The picture: from a reading and the view's state to the lines of a terminal. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "top/api_reading.h"
#include "top/line.h"
#include "top/state.h"

namespace pdtt::top {

/// What the API said last, and what is wrong since.
struct Received {
  std::optional<Reading> reading;
  std::string problem;       ///< why there is nothing newer; empty: there is
  double problem_since = 0;  ///< Unix seconds
};

struct Canvas {
  std::size_t width = 80;
  std::size_t height = 24;
  Charset charset = Charset::kAscii;
};

/// Exactly `height` lines at most. Scrolling beyond the end is taken back in the state.
[[nodiscard]] std::vector<Line> Render(const Received& received, ViewState& state,
                                       const Canvas& canvas);

/// The same once, without keys and bounds of height.
[[nodiscard]] std::string RenderText(const Reading& reading, std::size_t width, Charset charset);

}  // namespace pdtt::top
