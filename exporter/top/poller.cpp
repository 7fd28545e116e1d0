// SPDX-License-Identifier: Apache-2.0
#include "top/poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <system_error>
#include <utility>

namespace pdtt::top {

Poller::EventFd::EventFd() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) {
    throw std::system_error(errno, std::system_category(), "eventfd");
  }
}

Poller::EventFd::~EventFd() {
  close(fd_);
}

void Poller::EventFd::Raise() const {
  eventfd_write(fd_, 1);  // full: raised anyway
}

void Poller::EventFd::Clear() const {
  eventfd_t count = 0;
  eventfd_read(fd_, &count);  // empty: clear anyway
}

Poller::Poller(ApiClient& client, const TopOptions& options, Received first)
    : client_(client),
      url_(options.url),
      interval_(options.interval),
      latest_(std::move(first)),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Received Poller::Latest() {
  ready_fd_.Clear();
  const std::lock_guard lock(mutex_);
  return latest_;
}

void Poller::Run(const std::stop_token& stop) {
  auto due = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    // A look that took longer than the interval must not be made up for by a burst.
    due = std::max(due + interval_, std::chrono::steady_clock::now());
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_until(lock, stop, due, [&stop] { return stop.stop_requested(); })) {
        return;
      }
    }
    Ask(stop);
  }
}

void Poller::Ask(const std::stop_token& stop) {
  Received before;
  {
    const std::lock_guard lock(mutex_);
    before = latest_;
  }
  Received now = Look(client_, url_, std::move(before), stop);
  {
    const std::lock_guard lock(mutex_);
    latest_ = std::move(now);
  }
  ready_fd_.Raise();
}

Received Look(ApiClient& client, const std::string& url, Received before,
              const std::stop_token& stop) {
  try {
    return {ReadingOf(client.Fetch(stop), url), "", 0};
  } catch (const std::exception& e) {
    if (before.problem.empty()) {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      before.problem_since = std::chrono::duration<double>(now).count();
    }
    before.problem = e.what();
    return before;
  }
}

}  // namespace pdtt::top
