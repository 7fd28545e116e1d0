// SPDX-License-Identifier: Apache-2.0
#include "app/local_access.h"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "collect/passwd_entry.h"
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

constexpr std::chrono::minutes kAgain{1};

std::set<std::uint32_t> UidsOf(const LocalUsers& users) {
  std::set<std::uint32_t> uids;
  for (const LocalUser& user : users.known) {
    uids.insert(user.uid);
  }
  return uids;
}

bool NeedsNoNameService(const std::string& user) {
  return user == "root" || ToUid(user).has_value();
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

class LocalAccess::Users : public Lookups {
 public:
  Users(ConnectGuard& guard, Log& log) : guard_(guard), log_(log) {}

  void Want(const std::vector<std::string>& names_or_uids) {
    std::unique_lock lock{mutex_};
    Use(KnownAlready(names_or_uids));
    wanted_ = names_or_uids;
    ++lists_;
    changed_.notify_all();
    changed_.wait_for(lock, kLookupPatience, [&] { return answered_ == lists_; });
  }

  std::string Names() const {
    const std::scoped_lock lock{mutex_};
    return NamesOf(users_);
  }

  void Serve(std::unique_lock<std::mutex>& lock) override {
    const std::vector<std::string> wanted = wanted_;
    const std::uint64_t list = lists_;
    lock.unlock();
    LocalUsers found = FindLocalUsers(wanted);
    lock.lock();
    if (stopping_ || list != lists_) {
      return;
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

  ConnectGuard& guard_;  ///< not used any more once it stops, like the log
  Log& log_;
  std::vector<std::string> wanted_;
  std::uint64_t lists_ = 0;  ///< that were wanted so far
  std::uint64_t answered_ = 0;
  LocalUsers users_;  ///< in force
};

LocalAccess::LocalAccess(ConnectGuard& guard, const Refusal& refusal, Log& log,
                         const Config& config)
    : guard_(guard),
      holds_(refusal.reason.empty()),
      users_(std::make_shared<Users>(guard, log)),
      thread_(users_) {
  if (!holds_) {
    log.Warn("users of this host who may not connect are not kept out",
             {{"key", "web.local_users"}, {"reason", refusal.reason}, {"remedy", refusal.remedy}});
  }
  SetAddresses(config.web_listen);
  SetUsers(config.web_local_users);
}

void LocalAccess::SetAddresses(const std::vector<std::string>& listen) {
  std::vector<ListenEndpoint> endpoints;
  std::transform(listen.begin(), listen.end(), std::back_inserter(endpoints),
                 [](const std::string& text) { return ToEndpoint(ParseListenAddress(text)); });
  guard_.SetEndpoints(std::move(endpoints));
}

void LocalAccess::SetUsers(const std::vector<std::string>& names_or_uids) {
  users_->Want(names_or_uids);
}

std::string LocalAccess::Text() const {
  if (!holds_) {
    return "all";
  }
  const std::string names = users_->Names();
  return names.empty() ? "nobody" : names;
}

}  // namespace pdtt
