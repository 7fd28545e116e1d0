// SPDX-License-Identifier: Apache-2.0
#include "top/amounts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <numeric>
#include <string_view>
#include <vector>

namespace pdtt::top {
namespace {

constexpr std::string_view kEighthsWide[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
constexpr std::string_view kEighthsHigh[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view kAsciiHigh[] = {" ", "_", ".", "-", "~", "=", "+", "*", "#"};
constexpr double kSteps = 8;

std::string Format(const char* format, double value) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), format, value);
  return {text.data(), std::min(static_cast<std::size_t>(std::max(length, 0)), text.size() - 1)};
}

/// As many values as there are columns, each the mean of its part.
std::vector<double> Condensed(std::span<const double> values, std::size_t width) {
  if (values.size() <= width) {
    return {values.begin(), values.end()};
  }
  std::vector<double> means;
  for (std::size_t column = 0; column < width; ++column) {
    const std::size_t first = column * values.size() / width;
    const std::size_t last = (column + 1) * values.size() / width;
    const auto part = values.subspan(first, last - first);
    means.push_back(std::accumulate(part.begin(), part.end(), 0.0) /
                    static_cast<double>(part.size()));
  }
  return means;
}

}  // namespace

std::string AmountText(double bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  // 999.5 would be rounded to a fourth digit.
  while (bytes >= 999.5 && unit + 1 < std::size(kUnits)) {
    bytes /= 1000;
    ++unit;
  }
  const char* format = unit == 0 || bytes >= 99.95 ? "%.0f " : bytes >= 9.995 ? "%.1f " : "%.2f ";
  return bytes >= 9999 ? "> 9 ZB" : Format(format, bytes) + kUnits[unit];
}

std::string ShareText(double share) {
  const double percent = std::clamp(share, 0.0, 1.0) * 100;
  return Format(percent > 0 && percent < 9.95 ? "%.1f %%" : "%.0f %%", percent);
}

std::string ClockText(double unix_seconds) {
  if (!(unix_seconds >= 0) || unix_seconds > 1e12) {
    return "--:--:--";
  }
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%H:%M:%S", &local)};
}

std::string Bar(double share, std::size_t width, Charset charset) {
  const auto cells = static_cast<double>(width);
  const double filled = std::clamp(share, 0.0, 1.0) * cells;
  std::string bar;
  for (std::size_t cell = 0; cell < width; ++cell) {
    const double part = std::clamp(filled - static_cast<double>(cell), 0.0, 1.0);
    if (charset == Charset::kUtf8) {
      bar += kEighthsWide[static_cast<std::size_t>(std::lround(part * kSteps))];
    } else {
      bar += part >= 0.5 ? '#' : ' ';
    }
  }
  return bar;
}

std::string Sparkline(std::span<const double> values, std::size_t width, Charset charset) {
  const std::vector<double> columns = Condensed(values, width);
  const double highest = columns.empty() ? 0 : *std::ranges::max_element(columns);
  std::string line(width - columns.size(), ' ');
  for (const double value : columns) {
    // Rounded up: whatever is not nothing is seen.
    const double step = highest > 0 ? std::ceil(value / highest * kSteps) : 0;
    const auto index = static_cast<std::size_t>(std::clamp(step, 0.0, kSteps));
    line += (charset == Charset::kUtf8 ? kEighthsHigh : kAsciiHigh)[index];
  }
  return line;
}

}  // namespace pdtt::top
