// SPDX-License-Identifier: Apache-2.0
#include "http/gzip.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "http/http_client.h"

namespace {

std::string Noise(std::size_t size) {
  std::mt19937 random(42);
  std::string text(size, '\0');
  std::generate(text.begin(), text.end(), [&random] { return static_cast<char>(random()); });
  return text;
}

}  // namespace

TEST_CASE("what is compressed inflates to the same bytes, whatever the sizes") {
  const std::size_t size =
      GENERATE(0U, 1U, 1400U, 4095U, 4096U, 4097U, 65'536U, 100'000U, 1'000'000U);
  const std::size_t step = GENERATE(1U, 7U, 4096U, 1'000'000U);
  const bool noise = GENERATE(false, true);
  if (size / step > 200'000) {
    return;
  }
  CAPTURE(size, step, noise);
  const std::string text = noise ? Noise(size) : std::string(size, 'x');
  std::string compressed;
  std::size_t largest = 0;
  pdtt::GzipStream gzip([&](std::string_view piece) {
    compressed += piece;
    largest = std::max(largest, piece.size());
    return true;
  });
  for (std::size_t at = 0; at < size; at += step) {
    REQUIRE(gzip.Write(std::string_view(text).substr(at, step)));
  }
  REQUIRE(gzip.Finish());
  CHECK(pdtt::test::Gunzip(compressed) == text);
  CHECK(largest <= 4096);
}

TEST_CASE("compression stops when its output is refused") {
  int calls = 0;
  pdtt::GzipStream gzip([&calls](std::string_view) {
    ++calls;
    return false;
  });
  CHECK_FALSE(gzip.Write(Noise(10'000'000)));
  CHECK(calls == 1);
}
