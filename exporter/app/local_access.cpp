// SPDX-License-Identifier: Apache-2.0
#include "app/local_access.h"

#include <arpa/inet.h>

#include <algorithm>
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

}  // namespace

LocalUsers FindLocalUsers(const std::vector<std::string>& names_or_uids) {
  LocalUsers users;
  for (const std::string& user : names_or_uids) {
    if (const auto uid = UidOfUser(user)) {
      users.uids.insert(*uid);
      users.known.push_back(user);
    } else {
      users.unknown.push_back(user);
    }
  }
  return users;
}

LocalAccess::LocalAccess(ConnectGuard& guard, const Refusal& refusal, Log& log,
                         const Config& config)
    : guard_(guard), holds_(refusal.reason.empty()), log_(log) {
  if (!holds_) {
    log_.Warn("users of this host who may not connect are not kept out",
              {{"key", "web.local_users"}, {"reason", refusal.reason}, {"remedy", refusal.remedy}});
  }
  SetUsers(config.web_local_users);
  SetAddresses(config.web_listen);
}

void LocalAccess::SetAddresses(const std::vector<std::string>& listen) {
  std::vector<ListenEndpoint> endpoints;
  std::transform(listen.begin(), listen.end(), std::back_inserter(endpoints),
                 [](const std::string& text) { return ToEndpoint(ParseListenAddress(text)); });
  guard_.SetEndpoints(std::move(endpoints));
}

void LocalAccess::SetUsers(const std::vector<std::string>& names_or_uids) {
  LocalUsers users = FindLocalUsers(names_or_uids);
  guard_.SetClients(users.uids);
  users_ = std::move(users.known);
  for (const std::string& name : users.unknown) {
    log_.Warn("a user who may connect does not exist",
              {{"key", "web.local_users"},
               {"user", name},
               {"remedy", "reload once the user is there, or take the name out"}});
  }
}

std::string LocalAccess::Text() const {
  if (!holds_) {
    return "all";
  }
  std::string text;
  for (const std::string& user : users_) {
    text += (text.empty() ? "" : ",") + user;
  }
  return text.empty() ? "nobody" : text;
}

}  // namespace pdtt
