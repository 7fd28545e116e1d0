// SPDX-License-Identifier: Apache-2.0
// Totals out of the tables of another version: fields are found by their names in the maps' BTF.
#pragma once

#include <filesystem>

#include "model/reading.h"

namespace pdtt {

/// The tables that programs have counted into until others took their place.
struct OldTables {
  std::filesystem::path directory;
  /// False: sockets begin anew with the new tables, so the connections that were open have ended
  /// as far as these counters go.
  bool same_sockets = true;
  bool same_interfaces = true;  ///< that XDP counts by
};

/// Writes what the old tables hold, with what was carried into them, to carried_map and
/// carried_host. Can be repeated; waits until no program adds to the old tables any more. Throws
/// std::runtime_error if they can't be read, std::system_error if the kernel refuses something.
void CarryTotals(const OldTables& from, int carried_map, int carried_host);

/// What those two maps hold; a class of all zeros without one.
[[nodiscard]] AccountsReading ReadCarried(int carried_map, int carried_host);

}  // namespace pdtt
