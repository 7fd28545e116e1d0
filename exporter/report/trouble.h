// SPDX-License-Identifier: Apache-2.0
// Failures that may go on for days: each is counted, the log says it once a minute at most.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace pdtt {

struct TroubleCallbacks {
  std::function<void()> count;
  std::function<void(const std::string&)> log;
};

/// Used by one thread, which the callbacks are called from.
class Trouble {
 public:
  explicit Trouble(TroubleCallbacks callbacks) : callbacks_(std::move(callbacks)) {}

  void Report(const std::string& error);

 private:
  TroubleCallbacks callbacks_;
  std::optional<std::chrono::steady_clock::time_point> logged_;
};

}  // namespace pdtt
