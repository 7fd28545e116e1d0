// SPDX-License-Identifier: Apache-2.0
#include "collect/user_names.h"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/traffic.h"

namespace pdtt {
namespace {

// A look-up that hangs must not hold up the exit for longer.
constexpr auto kPatience = std::chrono::seconds{1};

constexpr std::size_t kLargestEntry = 1 << 20;

}  // namespace

std::optional<std::string> LookUpUser(std::uint32_t uid) {
  if (uid == kKernelUid) {
    return std::string{kKernelName};
  }
  std::vector<char> buffer(4096);
  for (;;) {
    passwd entry{};
    passwd* found = nullptr;
    const int error = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) {
      return entry.pw_name;
    }
    if (error == ERANGE && buffer.size() < kLargestEntry) {
      buffer.resize(buffer.size() * 2);
      continue;
    }
    // getpwuid_r(3) lists these as other ways to say "not found".
    if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM) {
      return std::nullopt;
    }
    throw std::system_error(error, std::system_category(), "look up uid " + std::to_string(uid));
  }
}

class UserNames::Cache {
 public:
  explicit Cache(UserNamesOptions options) : options_(std::move(options)) {}

  std::string Name(std::uint32_t uid) {
    const std::scoped_lock lock{mutex_};
    const auto [found, is_new] = entries_.try_emplace(uid);
    Entry& entry = found->second;
    unanswered_ += is_new ? 1U : 0U;
    if (!entry.pending && std::chrono::steady_clock::now() >= entry.valid_until) {
      entry.pending = true;
      queue_.push_back(uid);
      changed_.notify_all();
    }
    return entry.name.value_or(std::to_string(uid));
  }

  void Forget() {
    const std::scoped_lock lock{mutex_};
    ++generation_;
    for (auto& [uid, entry] : entries_) {
      entry.valid_until = {};
    }
  }

  bool WaitForNewNames(std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, timeout, [&] { return unanswered_ == 0; });
  }

  void Stop() {
    const std::scoped_lock lock{mutex_};
    stopping_ = true;
    changed_.notify_all();
  }

  /// False on time-out.
  bool WaitUntilStopped(std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, timeout, [&] { return stopped_; });
  }

  void Run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) {
        break;
      }
      const std::uint32_t uid = queue_.front();
      queue_.pop_front();
      const std::uint64_t generation = generation_;
      lock.unlock();
      const std::optional<std::optional<std::string>> result = Ask(uid);
      lock.lock();
      Store(uid, result);
      if (generation != generation_) {
        entries_[uid].valid_until = {};  // the answer may be from before
      }
      changed_.notify_all();
    }
    stopped_ = true;
    changed_.notify_all();
  }

 private:
  struct Entry {
    std::optional<std::string> name;
    bool pending = false;
    bool answered = false;  ///< at least once
    std::chrono::steady_clock::time_point valid_until;
  };

  /// Empty if the name service failed.
  std::optional<std::optional<std::string>> Ask(std::uint32_t uid) noexcept {
    try {
      return options_.look_up(uid);
    } catch (const std::exception&) {
      if (options_.on_error) {
        options_.on_error();
      }
      return std::nullopt;
    }
  }

  void Store(std::uint32_t uid, const std::optional<std::optional<std::string>>& result) {
    Entry& entry = entries_[uid];
    entry.pending = false;
    unanswered_ -= std::exchange(entry.answered, true) ? 0U : 1U;
    if (result) {
      entry.name = *result;
    }
    // A failing service is asked again as soon as an unknown uid would be; the old name stays.
    const bool known = result && result->has_value();
    entry.valid_until =
        std::chrono::steady_clock::now() + (known ? options_.known_for : options_.unknown_for);
  }

  UserNamesOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::uint32_t, Entry> entries_;
  std::deque<std::uint32_t> queue_;
  std::size_t unanswered_ = 0;
  std::uint64_t generation_ = 0;  ///< how often everything was forgotten
  bool stopping_ = false;
  bool stopped_ = false;
};

UserNames::UserNames(UserNamesOptions options)
    : cache_(std::make_shared<Cache>(std::move(options))),
      thread_([cache = cache_] { cache->Run(); }) {}

UserNames::~UserNames() {
  cache_->Stop();
  if (cache_->WaitUntilStopped(kPatience)) {
    thread_.join();
  } else {
    thread_.detach();  // getpwuid_r() can't be interrupted, and the cache outlives us
  }
}

std::string UserNames::Name(std::uint32_t uid) {
  return cache_->Name(uid);
}

void UserNames::Forget() {
  cache_->Forget();
}

bool UserNames::WaitForNewNames(std::chrono::milliseconds timeout) {
  return cache_->WaitForNewNames(timeout);
}

}  // namespace pdtt
