// SPDX-License-Identifier: Apache-2.0
// What pinned tables say about themselves.
#pragma once

#include <filesystem>
#include <optional>

#include "model/snapshot.h"
#include "pdtt_abi.h"

namespace pdtt {

/// The state in the tables pinned there; empty if there are none. Fields that a version of other
/// size does not have are zero.
[[nodiscard]] std::optional<pdtt_state> ReadState(const std::filesystem::path& tables);

[[nodiscard]] CountingSince ToCountingSince(const pdtt_state& state);

/// Whether the map of that descriptor is the one that is pinned there.
[[nodiscard]] bool IsPinnedAt(int map, const std::filesystem::path& pin);

}  // namespace pdtt
