// SPDX-License-Identifier: Apache-2.0
// web.local_users in force: who of this host may connect to where the exporter listens.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "app/log.h"
#include "bpf/connect_guard.h"
#include "config/config.h"

namespace pdtt {

struct LocalUsers {
  std::set<std::uint32_t> uids;
  std::vector<std::string> known;
  std::vector<std::string> unknown;  ///< names that no user of this host has
};

/// Asks the name service.
[[nodiscard]] LocalUsers FindLocalUsers(const std::vector<std::string>& names_or_uids);

class LocalAccess {
 public:
  /// Guards config.web_listen from now on. `refusal` says why the guard does not hold, if so. Logs
  /// that, and which users there are not.
  LocalAccess(ConnectGuard& guard, const Refusal& refusal, Log& log, const Config& config);

  /// As they were bound, with the ports that 0 became.
  void SetAddresses(const std::vector<std::string>& listen);
  void SetUsers(const std::vector<std::string>& names_or_uids);

  /// Who may connect, for the log.
  [[nodiscard]] std::string Text() const;

 private:
  ConnectGuard& guard_;
  bool holds_;
  Log& log_;
  std::vector<std::string> users_;
};

}  // namespace pdtt
