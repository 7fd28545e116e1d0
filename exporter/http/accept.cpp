// SPDX-License-Identifier: Apache-2.0
#include "http/accept.h"

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "http/header_value.h"

namespace pdtt {
namespace {

/// One entry of the header.
struct MediaRange {
  std::string_view type;     // or *
  std::string_view subtype;  // or *
  std::optional<std::string> version;
  std::optional<std::string> charset;
  int weight = kFullWeight;
};

std::string Unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
    return std::string(text);
  }
  std::string plain;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) {
      ++i;
    }
    plain += text[i];
  }
  return plain;
}

// Parameters that no offer has, such as `escaping`, do not keep a client from what it can read.
bool ReadParameters(std::string_view text, MediaRange& range) {
  while (!text.empty()) {
    std::string_view value = TakeUntil(text, ';');
    const std::string_view name = TakeUntil(value, '=');
    if (EqualsIgnoringCase(name, "q")) {
      const std::optional<int> weight = ParseWeight(Trim(value));
      if (!weight) {
        return false;
      }
      range.weight = *weight;
    } else if (EqualsIgnoringCase(name, "version")) {
      range.version = Unquoted(Trim(value));
    } else if (EqualsIgnoringCase(name, "charset")) {
      range.charset = Unquoted(Trim(value));
    }
  }
  return true;
}

std::optional<MediaRange> ReadRange(std::string_view entry) {
  std::string_view subtype = TakeUntil(entry, ';');
  MediaRange range;
  range.type = TakeUntil(subtype, '/');
  range.subtype = subtype;
  const bool is_type = !range.type.empty() && !range.subtype.empty() &&
                       range.subtype.find('/') == std::string_view::npos &&
                       (range.type != "*" || range.subtype == "*");
  return is_type && ReadParameters(entry, range) ? std::optional(range) : std::nullopt;
}

/// How much an offer is liked.
struct Liking {
  int weight = 0;
  int detail = 0;  ///< how closely the range describes the offer

  [[nodiscard]] bool Exceeds(const Liking& other) const {
    return std::tie(weight, detail) > std::tie(other.weight, other.detail);
  }
};

/// How closely `range` describes `offer`; 0 if it does not.
int Detail(const MediaRange& range, const MediaType& offer) {
  if ((range.version && *range.version != offer.version) ||
      (range.charset && !EqualsIgnoringCase(*range.charset, "utf-8"))) {
    return 0;
  }
  const int parameters = (range.version ? 1 : 0) + (range.charset ? 1 : 0);
  const std::size_t slash = offer.name.find('/');
  if (range.type == "*") {
    return 1 + parameters;
  }
  if (!EqualsIgnoringCase(range.type, offer.name.substr(0, slash))) {
    return 0;
  }
  constexpr int kOfType = 10;
  constexpr int kOfSubtype = 20;
  if (range.subtype == "*") {
    return kOfType + parameters;
  }
  return EqualsIgnoringCase(range.subtype, offer.name.substr(slash + 1)) ? kOfSubtype + parameters
                                                                         : 0;
}

// The range that describes an offer most closely decides, whatever the others say.
Liking LikingOf(const MediaType& offer, const std::vector<MediaRange>& ranges) {
  Liking liking;
  for (const MediaRange& range : ranges) {
    if (const int detail = Detail(range, offer); detail > liking.detail) {
      liking = {range.weight, detail};
    }
  }
  return liking;
}

}  // namespace

std::size_t PreferredType(std::string_view accept, std::span<const MediaType> offers) {
  std::vector<MediaRange> ranges;
  while (!accept.empty()) {
    if (const auto range = ReadRange(TakeUntil(accept, ','))) {
      ranges.push_back(*range);
    }
  }
  std::size_t best = 0;
  Liking most;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const Liking liking = LikingOf(offers[i], ranges);
    if (liking.weight > 0 && liking.Exceeds(most)) {
      best = i;
      most = liking;
    }
  }
  return best;
}

}  // namespace pdtt
