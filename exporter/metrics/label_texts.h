// SPDX-License-Identifier: Apache-2.0
// The label texts of many series, made once for all families that have the same labels.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pdtt {

/// One string holds all texts: with tens of thousands of them, a string each would cost more than
/// writing the page.
class LabelTexts {
 public:
  LabelTexts(std::size_t texts, std::size_t typical_bytes) {
    all_.reserve(texts * typical_bytes);
    ends_.reserve(texts);
  }

  /// `append` adds the next text to the string it is given.
  template <typename Append>
  void Add(Append append) {
    append(all_);
    ends_.push_back(all_.size());
  }

  [[nodiscard]] std::string_view operator[](std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_.at(index - 1);
    return std::string_view(all_).substr(begin, ends_.at(index) - begin);
  }

 private:
  std::string all_;
  std::vector<std::size_t> ends_;
};

}  // namespace pdtt
