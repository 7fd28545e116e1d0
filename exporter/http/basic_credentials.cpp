// SPDX-License-Identifier: Apache-2.0
#include "http/basic_credentials.h"

#include <algorithm>
#include <cstdint>

namespace pdtt {
namespace {

constexpr std::string_view kScheme = "basic ";

/// The six bits that a character of base64 stands for; -1 for any other.
int SixBits(char c) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto place = kAlphabet.find(c);
  return place == std::string_view::npos ? -1 : static_cast<int>(place);
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
    text.remove_suffix(1);
  }
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const int six = SixBits(c);
    if (six < 0) {
      return std::nullopt;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(six);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 0xffU));
    }
  }
  return bytes;
}

bool IsBasic(std::string_view authorization) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return authorization.size() > kScheme.size() &&
         std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme, {}, lower);
}

}  // namespace

std::optional<BasicCredentials> ParseBasicCredentials(std::string_view authorization) {
  if (!IsBasic(authorization)) {
    return std::nullopt;
  }
  const auto decoded = DecodeBase64(authorization.substr(kScheme.size()));
  const auto colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  return BasicCredentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

}  // namespace pdtt
