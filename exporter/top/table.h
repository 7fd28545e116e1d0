// SPDX-License-Identifier: Apache-2.0
// A table for the terminal: columns that fit into its width, rows in the order of one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "top/line.h"
#include "top/terminal_text.h"

namespace pdtt::top {

struct Column {
  std::string_view title;
  std::size_t width = 0;  ///< the title and the mark of the order fit into it
  std::size_t most = 0;   ///< what it may grow to; 0: it doesn't
  Align align = Align::kRight;
  int rank = 0;  ///< where there is no room, the highest rank goes first; 0 never goes
  bool sortable = true;
  bool rises = false;  ///< its order is from the lowest to the highest
  Style style = Style::kPlain;
};

using SortKey = std::variant<std::uint64_t, double, std::string>;

/// One cell and one key for each column.
struct Row {
  std::vector<std::string> cells;
  std::vector<SortKey> keys;
};

struct TableState {
  std::size_t sort_column = 0;
  bool reversed = false;   ///< against the column's own order
  std::size_t scroll = 0;  ///< rows above the first one shown
};

/// Rows that are equal in the column stay in the order they came in.
void Sort(std::vector<Row>& rows, std::span<const Column> columns, const TableState& state);

/// The columns shown, with the widths they are shown in.
struct Layout {
  struct Shown {
    std::size_t column = 0;
    std::size_t width = 0;
  };
  std::vector<Shown> columns;
};

[[nodiscard]] Layout LayOut(std::span<const Column> columns, std::span<const Row> rows,
                            std::size_t width, Charset charset);

[[nodiscard]] Line Heading(std::span<const Column> columns, const Layout& layout,
                           const TableState& state, Charset charset);

[[nodiscard]] Line RowLine(std::span<const Column> columns, const Layout& layout, const Row& row,
                           Charset charset);

}  // namespace pdtt::top
