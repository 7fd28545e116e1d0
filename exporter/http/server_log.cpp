// SPDX-License-Identifier: Apache-2.0
#include "http/server_log.h"

#include <utility>

namespace pdtt {

ServerLog::ServerLog(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

void ServerLog::Add(std::string_view message, Clock::time_point now) {
  std::uint64_t suppressed = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!open_) {
      kept_ += (kept_.empty() ? "" : "; ") + std::string(message);
      return;
    }
    if (now - window_start_ >= kWindow) {
      window_start_ = now;
      in_window_ = 0;
      suppressed = std::exchange(suppressed_, 0);
    }
    if (in_window_ == kBurst) {
      ++suppressed_;
      return;
    }
    ++in_window_;
  }
  if (!write_) {
    return;
  }
  if (suppressed > 0) {
    write_(std::to_string(suppressed) + " more messages of the HTTP server were suppressed");
  }
  write_(message);
}

void ServerLog::Open() {
  std::string kept;
  {
    const std::lock_guard lock(mutex_);
    open_ = true;
    kept = std::exchange(kept_, {});
  }
  if (!kept.empty() && write_) {
    write_(kept);
  }
}

std::string ServerLog::Kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

}  // namespace pdtt
