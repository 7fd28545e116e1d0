// SPDX-License-Identifier: Apache-2.0
// Least privilege: what was needed to start is given up before the first thread starts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pdtt {

/// What the process will do once everything is attached.
struct LaterNeeds {
  std::optional<std::string> user;           ///< to go on as, by name or uid
  std::vector<int> ports;                    ///< to listen on
  std::vector<std::filesystem::path> reads;  ///< files that are read again
  std::vector<std::filesystem::path> writes;
};

struct KeptCapability {
  std::string name;  ///< such as CAP_BPF
  std::string reason;
};

struct Privileges {
  std::vector<KeptCapability> kept;
  std::vector<std::string> problems;  ///< what could not be given up, and why
};

/// Goes on as `needs.user` and drops all capabilities but those without which a trial of what is
/// needed later fails. No program that is executed from here on gains any, and no other process of
/// the same user may look into this one. Threads that are started later inherit all of that, those
/// that run already would not. Throws std::runtime_error with the remedy if the process can't
/// become that user, or that user can't do what is needed.
[[nodiscard]] Privileges DropPrivileges(const LaterNeeds& needs);

}  // namespace pdtt
