// SPDX-License-Identifier: Apache-2.0
// What systemd is told of the exporter as a service with Type=notify. Started by anybody else,
// without NOTIFY_SOCKET, it tells nobody.
#pragma once

#include <atomic>
#include <string>

namespace pdtt {

/// SnapshotMade() is for the collector's thread, all else for the main thread.
class ServiceNotify {
 public:
  ServiceNotify();

  /// Everything runs; `status` is a line for `systemctl status`. Ready with the first snapshot.
  void Started(std::string status);

  /// Keeps the watchdog quiet: nothing but new numbers is a sign of life.
  void SnapshotMade();

  void Reloading();
  void Reloaded(bool taken_over);
  void Stopping();

 private:
  void PartIsThere();
  [[nodiscard]] bool IsReady() const { return missing_parts_ == 0; }

  const bool has_watchdog_;
  std::string status_;
  bool has_snapshot_ = false;          ///< the collector thread's
  std::atomic<int> missing_parts_{2};  ///< Started() and the first snapshot
};

}  // namespace pdtt
