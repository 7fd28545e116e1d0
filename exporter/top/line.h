// SPDX-License-Identifier: Apache-2.0
// A line of the screen: texts and what they mean to the eye.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pdtt::top {

enum class Style { kPlain, kStrong, kFaint, kHeading, kSorted, kBar, kGood, kWarning, kAlarm };

struct Span {
  std::string text;  ///< clean, as CleanText() has it
  Style style = Style::kPlain;
};

struct Line {
  std::vector<Span> spans;

  void Add(std::string text, Style style = Style::kPlain) {
    spans.push_back({std::move(text), style});
  }

  [[nodiscard]] std::string Text() const {
    std::string text;
    for (const Span& span : spans) {
      text += span.text;
    }
    return text;
  }
};

}  // namespace pdtt::top
