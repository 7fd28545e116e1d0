// SPDX-License-Identifier: Apache-2.0
// Entries of the user database: passwd(5), LDAP, SSSD, whatever nsswitch.conf names.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace pdtt {

struct PasswdEntry {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// getpwuid_r(3). Throws std::system_error if the name service fails; no such user is no failure.
[[nodiscard]] std::optional<PasswdEntry> FindPasswdEntry(uid_t uid);

/// getpwnam_r(3), likewise.
[[nodiscard]] std::optional<PasswdEntry> FindPasswdEntry(const std::string& name);

/// A uid that is written in decimal; empty if `text` is anything else.
[[nodiscard]] std::optional<uid_t> ToUid(std::string_view text);

}  // namespace pdtt
