// SPDX-License-Identifier: Apache-2.0
// The terminal: draws lines, gives keys, and is as it was before when this ends. ncurses ends here.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "top/line.h"
#include "top/state.h"
#include "top/view.h"

namespace pdtt::top {

class Screen {
 public:
  /// Throws std::runtime_error if there is no terminal, or one that can't be drawn on.
  explicit Screen(Charset charset);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  Screen(Screen&&) = delete;
  Screen& operator=(Screen&&) = delete;

  [[nodiscard]] Canvas Size() const;

  void Draw(const std::vector<Line>& lines);

  /// The next key that was pressed; nothing if there is none. Also takes note of a new size.
  [[nodiscard]] std::optional<KeyPress> NextKey();

 private:
  class Colours;
  Charset charset_;
  std::unique_ptr<Colours> colours_;
};

}  // namespace pdtt::top
