// SPDX-License-Identifier: Apache-2.0
#include "top/view.h"

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string_view>

#include "top/amounts.h"
#include "top/table.h"

namespace pdtt::top {
namespace {

constexpr double kNearlyFull = 0.9;

constexpr std::string_view kKeys =
    "q quit  s sort  r reverse  / filter  p pause  Tab users/connections  ? help";

constexpr std::string_view kHelp[] = {
    "q                  quit",
    "s, right, left     sort by the next or the previous column",
    "r                  reverse the order",
    "/                  show only what holds a text: a user, an address, a command;",
    "                   Enter keeps it, Esc removes it",
    "p, blank           pause, and go on",
    "u, c, Tab          the keys above are for the users, or for the connections",
    "up, down, PgUp, PgDn, Home   scroll",
    "",
    "Rates are the exporter's own, over its last interval. SHARE is a part of what all users",
    "move, HISTORY the last minutes of both directions, each user on a scale of its own.",
    "Connections are the busiest ones; the exporter keeps them to itself if told so.",
    "",
    "Any key leads back.",
};

class Picture {
 public:
  Picture(const Canvas& canvas) : canvas_(canvas) {}

  void Add(Line line) { lines_.push_back(std::move(line)); }

  void AddText(std::string_view text, Style style = Style::kPlain) {
    Line line;
    line.Add(CleanText(text, canvas_.charset), style);
    Add(std::move(line));
  }

  [[nodiscard]] std::size_t Room() const {
    return canvas_.height - std::min(canvas_.height, lines_.size());
  }

  [[nodiscard]] const Canvas& Size() const { return canvas_; }

  /// No line is wider and none is one too many, whatever the size is.
  [[nodiscard]] std::vector<Line> Take() {
    lines_.resize(std::min(lines_.size(), canvas_.height));
    for (Line& line : lines_) {
      Trim(line);
    }
    return std::move(lines_);
  }

 private:
  void Trim(Line& line) const {
    std::size_t room = canvas_.width;
    for (Span& span : line.spans) {
      const std::size_t cells = CellWidth(span.text);
      if (cells > room) {
        span.text = room == 0 ? "" : Fit(span.text, room, Align::kLeft, canvas_.charset);
      }
      room -= std::min(cells, room);
    }
  }

  Canvas canvas_;
  std::vector<Line> lines_;
};

void AddTitle(const Received& received, const ViewState& state, Picture& picture) {
  const Charset charset = picture.Size().charset;
  Line line;
  line.Add("pdtt-exporter top", Style::kStrong);
  if (received.reading) {
    const Status& status = received.reading->status;
    line.Add("  " + CleanText(status.hostname, charset) + "  " +
             CleanText(status.version, charset) + "  " + ClockText(status.time));
  }
  if (state.paused) {
    line.Add("  paused", Style::kWarning);
  }
  picture.Add(std::move(line));
}

void AddTotals(const Reading& reading, Picture& picture) {
  const Moved& totals = reading.status.totals;
  const auto amount = [](std::uint64_t bytes) { return AmountText(static_cast<double>(bytes)); };
  Line line;
  line.Add("host: ");
  if (reading.window_seconds > 0) {
    line.Add("receive " + AmountText(totals.receive_bytes_per_second) + "/s, transmit " +
                 AmountText(totals.transmit_bytes_per_second) + "/s",
             Style::kStrong);
  } else {
    line.Add("rates are there in a moment", Style::kFaint);
  }
  line.Add("  received " + amount(totals.receive_bytes) + ", transmitted " +
               amount(totals.transmit_bytes) + ", of no user " +
               amount(reading.status.unattributed_bytes),
           Style::kFaint);
  picture.Add(std::move(line));
}

void AddLayers(const Status& status, Picture& picture) {
  const Charset charset = picture.Size().charset;
  Line line;
  line.Add("layers:");
  for (const LayerHealth& layer : status.layers) {
    const bool off = !layer.up && layer.mode == "off";
    line.Add(' ' + CleanText(layer.layer, charset) + ' ');
    line.Add(layer.up ? "up"
             : off    ? "off"
                      : "DOWN",
             layer.up ? Style::kGood
             : off    ? Style::kFaint
                      : Style::kAlarm);
    if (!layer.up && !layer.reason.empty()) {
      line.Add(" (" + CleanText(layer.reason, charset) + ')', Style::kFaint);
    }
  }
  picture.Add(std::move(line));
}

/// A line only if a table of the kernel is full or nearly so.
void AddFullTables(const Status& status, Picture& picture) {
  std::string text;
  for (const TableFill& table : status.tables) {
    const bool full =
        table.entries && table.capacity && *table.capacity > 0 &&
        static_cast<double>(*table.entries) >= kNearlyFull * static_cast<double>(*table.capacity);
    if (full || table.insert_failures > 0) {
      text += (text.empty() ? "tables: " : ", ") + table.table +
              (table.insert_failures > 0 ? " has refused entries" : " is nearly full");
    }
  }
  if (!text.empty()) {
    picture.AddText(text, Style::kWarning);
  }
}

struct TableView {
  std::string title;
  std::span<const Column> columns;
  std::vector<Row> rows;
  TableState* state = nullptr;
  bool focused = false;
};

/// Title, heading and as many rows as there is room for.
void AddTable(TableView& table, std::size_t room, Picture& picture) {
  if (room < 2) {
    return;
  }
  const Charset charset = picture.Size().charset;
  const std::size_t shown = std::min(room - 2, table.rows.size());
  table.state->scroll = std::min(table.state->scroll, table.rows.size() - shown);
  Sort(table.rows, table.columns, *table.state);
  const std::size_t first = table.state->scroll;
  const auto rows = std::span<const Row>(table.rows).subspan(first, shown);
  Line title;
  title.Add(CleanText(table.title, charset), table.focused ? Style::kStrong : Style::kPlain);
  title.Add(" by " + std::string(table.columns[table.state->sort_column].title));
  if (shown < table.rows.size()) {
    title.Add(", " + std::to_string(first + 1) + " to " + std::to_string(first + shown),
              Style::kFaint);
  }
  picture.Add(std::move(title));
  const Layout layout = LayOut(table.columns, rows, picture.Size().width, charset);
  picture.Add(Heading(table.columns, layout, *table.state, charset));
  for (const Row& row : rows) {
    picture.Add(RowLine(table.columns, layout, row, charset));
  }
}

std::string CountText(std::string_view what, std::size_t shown, std::size_t all,
                      std::string_view filter) {
  std::string text = std::string(what) + ": " + std::to_string(shown);
  if (!filter.empty()) {
    text.append(" of ").append(std::to_string(all)).append(" with \"").append(filter).append("\"");
  }
  return text;
}

TableView UserTable(const Reading& reading, ViewState& state, Charset charset) {
  TableView table;
  table.rows = UserTableRows(reading, state.filter, charset);
  table.title = CountText("Users", table.rows.size(), reading.users.size(), state.filter);
  table.columns = UserTableColumns();
  table.state = &state.users;
  table.focused = state.focus == Focus::kUsers;
  return table;
}

TableView ConnectionTable(const Reading& reading, ViewState& state) {
  TableView table;
  const Connections& connections = reading.connections;
  table.rows = ConnectionTableRows(reading, state.filter);
  table.title = connections.hidden ? "Connections: hidden by the exporter's configuration"
                                   : CountText("Busiest connections", table.rows.size(),
                                               connections.rows.size(), state.filter) +
                                         " of " + std::to_string(connections.tracked) + " tracked";
  table.columns = ConnectionTableColumns();
  table.state = &state.connections;
  table.focused = state.focus == Focus::kConnections;
  return table;
}

/// Lines for the users; the connections get the rest. Both get what they need if there is room,
/// else the focused one gets two thirds.
std::size_t UserLines(const TableView& users, const TableView& connections, std::size_t room) {
  const std::size_t users_need = users.rows.size() + 2;
  const std::size_t connections_need = connections.rows.size() + 2;
  const std::size_t part = users.focused ? room * 2 / 3 : room / 3;
  const std::size_t left = room - std::min(room, connections_need);
  return std::min(users_need, std::max(part, left));
}

void AddTables(const Reading& reading, ViewState& state, std::size_t room, Picture& picture) {
  TableView users = UserTable(reading, state, picture.Size().charset);
  TableView connections = ConnectionTable(reading, state);
  const std::size_t user_lines = UserLines(users, connections, room);
  AddTable(users, user_lines, picture);
  if (room > user_lines) {
    picture.AddText("");
    AddTable(connections, room - user_lines - 1, picture);
  }
}

void AddHead(const Received& received, const ViewState& state, Picture& picture) {
  AddTitle(received, state, picture);
  if (!received.problem.empty()) {
    picture.AddText(
        "not reachable since " + ClockText(received.problem_since) + ": " + received.problem,
        Style::kAlarm);
  }
  if (received.reading) {
    AddTotals(*received.reading, picture);
    AddLayers(received.reading->status, picture);
    AddFullTables(received.reading->status, picture);
  }
  picture.AddText("");
}

}  // namespace

std::vector<Line> Render(const Received& received, ViewState& state, const Canvas& canvas) {
  Picture picture(canvas);
  AddHead(received, state, picture);
  if (state.help) {
    for (const std::string_view line : kHelp) {
      picture.AddText(line);
    }
    return picture.Take();
  }
  if (received.reading && picture.Room() > 1) {
    AddTables(*received.reading, state, picture.Room() - 1, picture);
  }
  while (picture.Room() > 1) {
    picture.AddText("");
  }
  if (state.editing_filter) {
    picture.AddText("filter: " + state.filter + "_   Enter keeps it, Esc removes it",
                    Style::kStrong);
  } else {
    picture.AddText(kKeys, Style::kFaint);
  }
  return picture.Take();
}

std::string RenderText(const Reading& reading, std::size_t width, Charset charset) {
  // Head, two tables with title and heading, and the line between them.
  const std::size_t height = 16 + reading.users.size() + reading.connections.rows.size();
  Picture picture({width, height, charset});
  ViewState state;
  AddHead({reading, "", 0}, state, picture);
  AddTables(reading, state, picture.Room(), picture);
  std::string text;
  for (const Line& line : picture.Take()) {
    text += line.Text();
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace pdtt::top
