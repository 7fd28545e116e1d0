// SPDX-License-Identifier: Apache-2.0
// The server's messages on their way to the log: limited, since clients cause most of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace pdtt {

/// Keeps messages until Open(), then passes on at most `kBurst` per `kWindow`. Thread-safe.
class ServerLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr unsigned kBurst = 10;
  static constexpr std::chrono::seconds kWindow{10};

  explicit ServerLog(std::function<void(std::string_view)> write);

  void Add(std::string_view message, Clock::time_point now = Clock::now());

  /// Start-up is over: from now on messages go out, those kept so far first.
  void Open();

  /// The messages kept so far, for the error of a failed start.
  [[nodiscard]] std::string Kept() const;

 private:
  std::function<void(std::string_view)> write_;
  mutable std::mutex mutex_;
  bool open_ = false;
  std::string kept_;
  Clock::time_point window_start_;
  unsigned in_window_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace pdtt
