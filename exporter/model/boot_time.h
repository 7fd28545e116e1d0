// SPDX-License-Identifier: Apache-2.0
// When CLOCK_BOOTTIME, which the kernel's times are in, was zero.
#pragma once

#include <chrono>
#include <ctime>

namespace pdtt {

/// As the clocks are now: it moves whenever the time of day is adjusted.
inline std::chrono::system_clock::time_point MeasuredBootTime() {
  timespec since_boot{};
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return std::chrono::system_clock::now() - std::chrono::seconds{since_boot.tv_sec} -
         std::chrono::nanoseconds{since_boot.tv_nsec};
}

/// The same as long as the time of day is not set anew, so that the start of a connection does not
/// change from one reading to the next. Not thread-safe.
class BootTime {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point Get() {
    const auto measured = MeasuredBootTime();
    if (std::chrono::abs(measured - kept_) > std::chrono::seconds{1}) {
      kept_ = measured;
    }
    return kept_;
  }

 private:
  std::chrono::system_clock::time_point kept_;
};

}  // namespace pdtt
