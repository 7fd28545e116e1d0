// SPDX-License-Identifier: Apache-2.0
#include "http/header_value.h"

#include <algorithm>
#include <cstddef>

namespace pdtt {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::size_t FindOutsideQuotes(std::string_view text, char wanted) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      quoted = !quoted;
    } else if (quoted && text[i] == '\\') {
      ++i;
    } else if (!quoted && text[i] == wanted) {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view TakeUntil(std::string_view& rest, char separator) {
  const auto end = FindOutsideQuotes(rest, separator);
  const auto part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return Trim(part);
}

std::optional<int> ParseWeight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) {
    return std::nullopt;
  }
  if (text.size() > 1 && text[1] != '.') {
    return std::nullopt;
  }
  int weight = (text[0] - '0') * kFullWeight;
  int place = kFullWeight / 10;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    weight += (c - '0') * place;
    place /= 10;
  }
  return weight <= kFullWeight ? std::optional(weight) : std::nullopt;
}

}  // namespace pdtt
