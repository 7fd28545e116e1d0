// SPDX-License-Identifier: Apache-2.0
#include "http/accept_encoding.h"

#include <algorithm>
#include <optional>

#include "http/header_value.h"

namespace pdtt {
namespace {

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
