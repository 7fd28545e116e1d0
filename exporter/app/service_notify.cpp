// SPDX-License-Identifier: Apache-2.0
#include "app/service_notify.h"

#include <systemd/sd-daemon.h>

#include <chrono>
#include <utility>

namespace pdtt {
namespace {

constexpr int kKeepEnvironment = 0;

// A service manager that cannot be reached is nobody to complain to.
void Tell(const std::string& state) {
  static_cast<void>(sd_notify(kKeepEnvironment, state.c_str()));
}

// As sd_notify(3) wants it: CLOCK_MONOTONIC, which is what this clock is.
std::string MonotonicMicroseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace

ServiceNotify::ServiceNotify()
    : has_watchdog_(sd_watchdog_enabled(kKeepEnvironment, nullptr) > 0) {}

void ServiceNotify::Started(std::string status) {
  status_ = std::move(status);
  PartIsThere();
}

void ServiceNotify::SnapshotMade() {
  if (!std::exchange(has_snapshot_, true)) {
    PartIsThere();
  }
  if (has_watchdog_) {
    Tell("WATCHDOG=1");
  }
}

// Whoever brings the last part.
void ServiceNotify::PartIsThere() {
  if (--missing_parts_ == 0) {
    Tell("READY=1\nSTATUS=" + status_);
  }
}

// A reload ends with READY=1, which must not be said before it is true.
void ServiceNotify::Reloading() {
  if (IsReady()) {
    Tell("RELOADING=1\nMONOTONIC_USEC=" + MonotonicMicroseconds() + "\nSTATUS=reloading");
  }
}

void ServiceNotify::Reloaded(bool taken_over) {
  if (IsReady()) {
    Tell("READY=1\nSTATUS=" + status_ +
         (taken_over ? "" : "; the last reload failed, see the log"));
  }
}

void ServiceNotify::Stopping() {
  Tell("STOPPING=1\nSTATUS=stopping");
}

}  // namespace pdtt
