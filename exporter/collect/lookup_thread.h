// SPDX-License-Identifier: Apache-2.0
// A thread that asks the name service, so that nobody else has to wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace pdtt {

/// What the thread and its owner share. All members are under `mutex_`.
class Lookups {
 public:
  Lookups() = default;
  virtual ~Lookups() = default;
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;
  Lookups(Lookups&&) = delete;
  Lookups& operator=(Lookups&&) = delete;

 protected:
  /// Looks up what is wanted now and waits until there may be more to do; called again and again
  /// until the end. Unlocks for as long as the name service takes.
  virtual void Serve(std::unique_lock<std::mutex>& lock) = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  ///< any of the members, those of derived classes included
  bool stopping_ = false;

 private:
  friend class LookupThread;
  bool stopped_ = false;
};

/// Serves from the constructor to the destructor, which leaves a look-up that hangs behind:
/// getpwnam_r() can't be interrupted. The look-ups then outlive their owner, but nothing comes of
/// them any more.
class LookupThread {
 public:
  explicit LookupThread(std::shared_ptr<Lookups> lookups);
  ~LookupThread();
  LookupThread(const LookupThread&) = delete;
  LookupThread& operator=(const LookupThread&) = delete;
  LookupThread(LookupThread&&) = delete;
  LookupThread& operator=(LookupThread&&) = delete;

 private:
  static void Run(Lookups& lookups);

  std::shared_ptr<Lookups> lookups_;
  std::thread thread_;
};

/// How long a name service may take before everything goes on without it.
inline constexpr std::chrono::seconds kLookupPatience{1};

}  // namespace pdtt
