// SPDX-License-Identifier: Apache-2.0
// The steps of a collection, as errors are counted by.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pdtt {

/// What was being done when an error occurred.
enum class CollectStage : std::uint8_t {
  kAccounts,
  kConnections,
  kFlows,
  kEvents,
  kXdp,
  kPrograms,
  kMaps,
  kNames,
  kRender,
  kReports,
  kRecords
};
inline constexpr std::size_t kStages = 11;

}  // namespace pdtt
