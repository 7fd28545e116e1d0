// SPDX-License-Identifier: Apache-2.0
// The ways into the socket layer: which of them this kernel allows, and attaching one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bpf/attach.h"
#include "bpf/programs.h"
#include "bpf/refusal.h"
#include "bpf/unique_fd.h"

namespace pdtt {

/// "tracepoint", "fentry" or "kprobe"; "off" for none.
[[nodiscard]] std::string_view WayName(SocketWay way);

/// A program of the socket layer at its hook. Detached when it goes.
struct SocketHook {
  std::string program;
  UniqueFd link;
  KprobeLink kprobe;  ///< instead, for that way
};

/// Attaches every program of `way` that was loaded. Empty, and `refusal` says why, if one fails.
[[nodiscard]] std::vector<SocketHook> AttachSocketWay(const Programs& programs, SocketWay way,
                                                      Refusal& refusal);

struct WayTrial {
  SocketWay way = SocketWay::kNone;
  Refusal refusal;

  [[nodiscard]] bool Works() const { return refusal.reason.empty(); }
};

/// Loads and attaches the programs of a way for a moment.
[[nodiscard]] WayTrial TrySocketWay(SocketWay way);

/// Tries each of them.
[[nodiscard]] std::vector<WayTrial> TrySocketWays();

/// The first of `candidates` that works. `way` is kNone if none does, with the reasons and remedies
/// of all.
[[nodiscard]] WayTrial ChooseSocketWay(const std::vector<SocketWay>& candidates);

}  // namespace pdtt
