// SPDX-License-Identifier: Apache-2.0
#include "http/accept_encoding.h"

#include <algorithm>
#include <optional>

namespace pdtt {
namespace {

// Weights have three decimals at most, so thousandths are exact.
constexpr int kFullWeight = 1000;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Splits off the part of `rest` before the separator.
std::string_view TakeUntil(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return Trim(part);
}

/// "0", "1" or either with up to three decimals, as thousandths; nothing for any other text.
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

/// The weight among the parameters after a coding; 0 if it is malformed.
int WeightOf(std::string_view parameters) {
  int weight = kFullWeight;
  while (!parameters.empty()) {
    std::string_view value = TakeUntil(parameters, ';');
    const std::string_view name = TakeUntil(value, '=');
    if (EqualsIgnoringCase(name, "q")) {
      weight = ParseWeight(Trim(value)).value_or(0);
    }
  }
  return weight;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> any;
  int identity = 0;
  while (!accept_encoding.empty()) {
    std::string_view parameters = TakeUntil(accept_encoding, ',');
    const std::string_view coding = TakeUntil(parameters, ';');
    const int weight = WeightOf(parameters);
    if (EqualsIgnoringCase(coding, "gzip") || EqualsIgnoringCase(coding, "x-gzip")) {
      gzip = std::max(gzip.value_or(0), weight);
    } else if (coding == "*") {
      any = weight;
    } else if (EqualsIgnoringCase(coding, "identity")) {
      identity = weight;
    }
  }
  const int weight = gzip.value_or(any.value_or(0));
  return weight > 0 && weight >= identity;
}

}  // namespace pdtt
