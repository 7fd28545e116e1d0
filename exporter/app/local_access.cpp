// SPDX-License-Identifier: Apache-2.0
#include "app/local_access.h"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "collect/subuid_owners.h"
#include "http/listen_address.h"

namespace pdtt {
namespace {

ListenEndpoint ToEndpoint(const ListenAddress& address) {
  ListenEndpoint endpoint{{}, address.port};
  if (address.ipv6) {
    inet_pton(AF_INET6, address.host.c_str(), endpoint.address.data());
  } else {
    endpoint.address[10] = endpoint.address[11] = 0xff;
    inet_pton(AF_INET, address.host.c_str(), &endpoint.address[12]);
  }
  return endpoint;
}

// How long a name service may take before everything goes on without it.
constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::minutes kAgain{1};

std::set<std::uint32_t> UidsOf(const LocalUsers& users) {
  std::set<std::uint32_t> uids;
  for (const LocalUser& user : users.known) {
    uids.insert(user.uid);
  }
  return uids;
}

bool NeedsNoNameService(const std::string& user) {
  return user == "root" || user.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

LocalUsers FindLocalUsers(const std::vector<std::string>& names_or_uids) {
  LocalUsers users;
  for (const std::string& user : names_or_uids) {
    if (const auto uid = UidOfUser(user)) {
      users.known.push_back({user, *uid});
    } else {
      users.unknown.push_back(user);
    }
  }
  return users;
}

std::string NamesOf(const LocalUsers& users) {
  std::string text;
  for (const LocalUser& user : users.known) {
    text += (text.empty() ? "" : ", ") + user.name;
  }
  return text;
}

class LocalAccess::Lookups {
 public:
  Lookups(ConnectGuard& guard, Log& log) : guard_(guard), log_(log) {}

  void SetUsers(const std::vector<std::string>& names_or_uids) {
    std::unique_lock lock{mutex_};
    Use(KnownAlready(names_or_uids));
    wanted_ = names_or_uids;
    ++lists_;
    changed_.notify_all();
    changed_.wait_for(lock, kPatience, [&] { return answered_ == lists_; });
  }

  std::string Names() const {
    const std::scoped_lock lock{mutex_};
    return NamesOf(users_);
  }

  /// From here on neither guard nor log are used. False: a look-up has not come back.
  bool Stop() {
    std::unique_lock lock{mutex_};
    stopping_ = true;
    changed_.notify_all();
    return changed_.wait_for(lock, kPatience, [&] { return stopped_; });
  }

  void Run() {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
      const std::vector<std::string> wanted = wanted_;
      const std::uint64_t list = lists_;
      lock.unlock();
      LocalUsers found = FindLocalUsers(wanted);
      lock.lock();
      if (stopping_ || list != lists_) {
        continue;
      }
      if (answered_ != list) {
        LogUnknown(found);
      }
      Use(std::move(found));
      answered_ = list;
      changed_.notify_all();
      const auto is_wanted = [&] { return stopping_ || answered_ != lists_; };
      if (users_.unknown.empty()) {
        changed_.wait(lock, is_wanted);
      } else {
        changed_.wait_for(lock, kAgain, is_wanted);
      }
    }
    stopped_ = true;
    changed_.notify_all();
  }

 private:
  // Who was let in before a reload is not shut out while the name service thinks.
  [[nodiscard]] LocalUsers KnownAlready(const std::vector<std::string>& names_or_uids) const {
    LocalUsers known;
    for (const std::string& name : names_or_uids) {
      const auto before = std::find_if(users_.known.begin(), users_.known.end(),
                                       [&](const LocalUser& user) { return user.name == name; });
      if (before != users_.known.end()) {
        known.known.push_back(*before);
      } else if (NeedsNoNameService(name)) {
        known.known.push_back({name, UidOfUser(name).value()});
      }
    }
    return known;
  }

  void Use(LocalUsers users) {
    users_ = std::move(users);
    guard_.SetClients(UidsOf(users_));
  }

  void LogUnknown(const LocalUsers& users) {
    for (const std::string& name : users.unknown) {
      log_.Warn("a user who may connect does not exist",
                {{"key", "web.local_users"},
                 {"user", name},
                 {"remedy", "none needed if it is still to come; else take the name out"}});
    }
  }

  ConnectGuard& guard_;
  Log& log_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> wanted_;
  std::uint64_t lists_ = 0;  ///< that were wanted so far
  std::uint64_t answered_ = 0;
  LocalUsers users_;  ///< in force
  bool stopping_ = false;
  bool stopped_ = false;
};

LocalAccess::LocalAccess(ConnectGuard& guard, const Refusal& refusal, Log& log,
                         const Config& config)
    : guard_(guard),
      holds_(refusal.reason.empty()),
      lookups_(std::make_shared<Lookups>(guard, log)) {
  if (!holds_) {
    log.Warn("users of this host who may not connect are not kept out",
             {{"key", "web.local_users"}, {"reason", refusal.reason}, {"remedy", refusal.remedy}});
  }
  SetAddresses(config.web_listen);
  thread_ = std::thread{[lookups = lookups_] { lookups->Run(); }};
  SetUsers(config.web_local_users);
}

LocalAccess::~LocalAccess() {
  if (lookups_->Stop()) {
    thread_.join();
  } else {
    thread_.detach();  // getpwnam_r() can't be interrupted, and what it needs outlives us
  }
}

void LocalAccess::SetAddresses(const std::vector<std::string>& listen) {
  std::vector<ListenEndpoint> endpoints;
  std::transform(listen.begin(), listen.end(), std::back_inserter(endpoints),
                 [](const std::string& text) { return ToEndpoint(ParseListenAddress(text)); });
  guard_.SetEndpoints(std::move(endpoints));
}

void LocalAccess::SetUsers(const std::vector<std::string>& names_or_uids) {
  lookups_->SetUsers(names_or_uids);
}

std::string LocalAccess::Text() const {
  if (!holds_) {
    return "all";
  }
  const std::string names = lookups_->Names();
  return names.empty() ? "nobody" : names;
}

}  // namespace pdtt
