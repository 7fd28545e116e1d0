// SPDX-License-Identifier: Apache-2.0
#include "config/suggestion.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace pdtt {
namespace {

/// Levenshtein distance: insertions, deletions and replacements of one character.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string SuggestName(std::string_view unknown, std::span<const std::string_view> known) {
  // Longer texts are no slips of the finger, and a hostile one would cost time.
  constexpr std::size_t kLongest = 40;
  std::string_view nearest;
  std::string all;
  std::size_t distance = 3;  // more than two slips make another word
  for (const std::string_view name : known) {
    all.append(all.empty() ? "" : ", ").append(name);
    if (unknown.size() > kLongest) {
      continue;
    }
    const std::size_t this_distance = EditDistance(unknown, name);
    if (this_distance < distance && this_distance < name.size() / 2 + 1) {
      distance = this_distance;
      nearest = name;
    }
  }
  if (nearest.empty()) {
    return "known here: " + all;
  }
  return "did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace pdtt
