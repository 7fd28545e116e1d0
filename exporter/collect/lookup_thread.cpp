// SPDX-License-Identifier: Apache-2.0
#include "collect/lookup_thread.h"

#include <utility>

namespace pdtt {

LookupThread::LookupThread(std::shared_ptr<Lookups> lookups)
    : lookups_(std::move(lookups)), thread_([shared = lookups_] { Run(*shared); }) {}

LookupThread::~LookupThread() {
  std::unique_lock lock{lookups_->mutex_};
  lookups_->stopping_ = true;
  lookups_->changed_.notify_all();
  const bool stopped =
      lookups_->changed_.wait_for(lock, kLookupPatience, [&] { return lookups_->stopped_; });
  lock.unlock();
  if (stopped) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void LookupThread::Run(Lookups& lookups) {
  std::unique_lock lock{lookups.mutex_};
  while (!lookups.stopping_) {
    lookups.Serve(lock);
  }
  lookups.stopped_ = true;
  lookups.changed_.notify_all();
}

}  // namespace pdtt
