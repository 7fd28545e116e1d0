// SPDX-License-Identifier: Apache-2.0
// web.local_users in force: who of this host may connect to where the exporter listens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/log.h"
#include "bpf/connect_guard.h"
#include "collect/lookup_thread.h"
#include "config/config.h"

namespace pdtt {

struct LocalUser {
  std::string name;  ///< or uid, as it was configured
  std::uint32_t uid = 0;
};

struct LocalUsers {
  std::vector<LocalUser> known;
  std::vector<std::string> unknown;  ///< names that no user of this host has
};

/// Of those known, with commas.
[[nodiscard]] std::string NamesOf(const LocalUsers& users);

/// Asks the name service, which may take its time.
[[nodiscard]] LocalUsers FindLocalUsers(const std::vector<std::string>& names_or_uids);

/// Names are looked up in a thread of their own, where a name service that hangs holds nobody up:
/// root and uids may connect at once. A name that nobody has is looked up again each minute.
class LocalAccess {
 public:
  /// Guards config.web_listen from now on. `refusal` says why the guard does not hold, if so. Logs
  /// that, and which users there are not.
  LocalAccess(ConnectGuard& guard, const Refusal& refusal, Log& log, const Config& config);

  /// As they were bound, with the ports that 0 became.
  void SetAddresses(const std::vector<std::string>& listen);

  /// Waits for a name service that answers soon.
  void SetUsers(const std::vector<std::string>& names_or_uids);

  /// Who may connect, for the log: those known by now.
  [[nodiscard]] std::string Text() const;

 private:
  class Users;

  ConnectGuard& guard_;
  bool holds_;
  std::shared_ptr<Users> users_;
  LookupThread thread_;
};

}  // namespace pdtt
