// SPDX-License-Identifier: Apache-2.0
#include "top/table.h"

#include <algorithm>
#include <utility>

namespace pdtt::top {
namespace {

constexpr std::size_t kGap = 1;

bool Rises(std::span<const Column> columns, const TableState& state) {
  return columns[state.sort_column].rises != state.reversed;
}

std::string_view OrderMark(bool rises, Charset charset) {
  return charset == Charset::kUtf8 ? (rises ? "\u25B2" : "\u25BC") : (rises ? "^" : "v");
}

std::size_t TotalWidth(const Layout& layout) {
  std::size_t width = 0;
  for (const Layout::Shown& shown : layout.columns) {
    width += shown.width + kGap;
  }
  return width == 0 ? 0 : width - kGap;
}

std::size_t WidestCell(std::span<const Row> rows, std::size_t column, Charset charset) {
  std::size_t widest = 0;
  for (const Row& row : rows) {
    widest = std::max(widest, CellWidth(CleanText(row.cells[column], charset)));
  }
  return widest;
}

/// Removes the column of the highest rank; false if all that are left must stay.
bool RemoveOne(std::span<const Column> columns, Layout& layout) {
  const auto last = std::ranges::max_element(
      layout.columns, {}, [&](const Layout::Shown& shown) { return columns[shown.column].rank; });
  if (last == layout.columns.end() || columns[last->column].rank == 0) {
    return false;
  }
  layout.columns.erase(last);
  return true;
}

}  // namespace

void Sort(std::vector<Row>& rows, std::span<const Column> columns, const TableState& state) {
  const std::size_t column = state.sort_column;
  const bool rises = Rises(columns, state);
  std::ranges::stable_sort(rows, [&](const Row& one, const Row& other) {
    return rises ? one.keys[column] < other.keys[column] : other.keys[column] < one.keys[column];
  });
}

Layout LayOut(std::span<const Column> columns, std::span<const Row> rows, std::size_t width,
              Charset charset) {
  Layout layout;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    layout.columns.push_back({i, columns[i].width});
  }
  while (TotalWidth(layout) > width && RemoveOne(columns, layout)) {
  }
  for (Layout::Shown& shown : layout.columns) {
    const Column& column = columns[shown.column];
    const std::size_t used = TotalWidth(layout);
    if (column.most > column.width && used < width) {
      const std::size_t wanted = std::min(column.most, WidestCell(rows, shown.column, charset));
      shown.width = std::clamp(wanted, column.width, column.width + (width - used));
    }
  }
  return layout;
}

Line Heading(std::span<const Column> columns, const Layout& layout, const TableState& state,
             Charset charset) {
  Line line;
  for (const Layout::Shown& shown : layout.columns) {
    const Column& column = columns[shown.column];
    const bool sorted = shown.column == state.sort_column;
    std::string title(column.title);
    if (sorted) {
      title.insert(0, OrderMark(Rises(columns, state), charset));
    }
    line.Add(Fit(title, shown.width, column.align, charset),
             sorted ? Style::kSorted : Style::kHeading);
    line.Add(std::string(kGap, ' '), Style::kHeading);
  }
  return line;
}

Line RowLine(std::span<const Column> columns, const Layout& layout, const Row& row,
             Charset charset) {
  Line line;
  for (const Layout::Shown& shown : layout.columns) {
    const Column& column = columns[shown.column];
    line.Add(Fit(row.cells[shown.column], shown.width, column.align, charset), column.style);
    line.Add(std::string(kGap, ' '));
  }
  return line;
}

}  // namespace pdtt::top
