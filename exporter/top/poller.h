// SPDX-License-Identifier: Apache-2.0
// Asks the API again and again on a thread of its own, so that keys never wait for the network.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "top/api_client.h"
#include "top/view.h"

namespace pdtt::top {

class Poller {
 public:
  /// `first` is shown until there is something newer.
  Poller(ApiClient& client, const TopOptions& options, Received first);
  ~Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  Poller(Poller&&) = delete;
  Poller& operator=(Poller&&) = delete;

  /// Readable when Latest() has something new.
  [[nodiscard]] int ReadyFd() const { return ready_fd_.Get(); }

  /// Also makes ReadyFd() not readable.
  [[nodiscard]] Received Latest();

 private:
  class EventFd {
   public:
    EventFd();
    ~EventFd();
    EventFd(const EventFd&) = delete;
    EventFd& operator=(const EventFd&) = delete;
    EventFd(EventFd&&) = delete;
    EventFd& operator=(EventFd&&) = delete;

    [[nodiscard]] int Get() const { return fd_; }
    void Raise() const;
    void Clear() const;

   private:
    int fd_;
  };

  void Run(const std::stop_token& stop);
  void Ask(const std::stop_token& stop);

  ApiClient& client_;
  std::string url_;
  std::chrono::milliseconds interval_;
  EventFd ready_fd_;
  std::mutex mutex_;
  Received latest_;  ///< guarded by mutex_
  std::condition_variable_any wake_;
  std::jthread thread_;
};

/// What one look gives; a reading that was there before stays when there is a problem.
[[nodiscard]] Received Look(ApiClient& client, const std::string& url, Received before,
                            const std::stop_token& stop);

}  // namespace pdtt::top
