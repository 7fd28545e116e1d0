// SPDX-License-Identifier: Apache-2.0
#include "collect/user_names.h"

#include <deque>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "collect/passwd_entry.h"
#include "model/traffic.h"

namespace pdtt {

std::optional<std::string> LookUpUser(std::uint32_t uid) {
  if (uid == kKernelUid) {
    return std::string{kKernelName};
  }
  const std::optional<PasswdEntry> entry = FindPasswdEntry(uid);
  return entry ? std::optional{entry->name} : std::nullopt;
}

class UserNames::Cache : public Lookups {
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

  void Serve(std::unique_lock<std::mutex>& lock) override {
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) {
      return;
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
  std::unordered_map<std::uint32_t, Entry> entries_;
  std::deque<std::uint32_t> queue_;
  std::size_t unanswered_ = 0;
  std::uint64_t generation_ = 0;  ///< how often everything was forgotten
};

UserNames::UserNames(UserNamesOptions options)
    : cache_(std::make_shared<Cache>(std::move(options))), thread_(cache_) {}

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
