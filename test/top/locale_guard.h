// SPDX-License-Identifier: Apache-2.0
// A locale with UTF-8 for as long as a test needs one.
#pragma once

#include <clocale>

namespace pdtt::top {

class Utf8Locale {
 public:
  Utf8Locale() { std::setlocale(LC_CTYPE, "C.UTF-8"); }
  ~Utf8Locale() { std::setlocale(LC_CTYPE, "C"); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  Utf8Locale(Utf8Locale&&) = delete;
  Utf8Locale& operator=(Utf8Locale&&) = delete;
};

}  // namespace pdtt::top
