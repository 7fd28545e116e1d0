// SPDX-License-Identifier: Apache-2.0
// The two tables: which columns they have, and a reading's rows for them.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "top/api_reading.h"
#include "top/table.h"

namespace pdtt::top {

inline constexpr std::size_t kUserColumns = 10;
inline constexpr std::size_t kConnectionColumns = 13;
inline constexpr std::size_t kUserShareColumn = 4;
inline constexpr std::size_t kConnectionShareColumn = 10;

[[nodiscard]] const std::array<Column, kUserColumns>& UserTableColumns();
[[nodiscard]] const std::array<Column, kConnectionColumns>& ConnectionTableColumns();

/// The users whose name or uid holds the filter, in the order of the reading.
[[nodiscard]] std::vector<Row> UserTableRows(const Reading& reading, const std::string& filter,
                                             Charset charset);

/// The connections of which a text holds the filter.
[[nodiscard]] std::vector<Row> ConnectionTableRows(const Reading& reading,
                                                   const std::string& filter);

}  // namespace pdtt::top
