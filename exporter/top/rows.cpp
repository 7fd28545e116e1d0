// SPDX-License-Identifier: Apache-2.0
#include "top/rows.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "top/amounts.h"

namespace pdtt::top {
namespace {

constexpr std::size_t kBarWidth = 10;
constexpr std::size_t kHistoryWidth = 20;

constexpr std::array<Column, kUserColumns> kUsers = {{
    {.title = "USER", .width = 10, .most = 32, .align = Align::kLeft, .rises = true},
    {.title = "UID", .width = 7, .most = 10, .rank = 7, .rises = true, .style = Style::kFaint},
    {.title = "RECEIVE/S", .width = 10},
    {.title = "TRANSMIT/S", .width = 11},
    {.title = "SHARE", .width = 6, .rank = 1},
    {.title = "",
     .width = kBarWidth,
     .align = Align::kLeft,
     .rank = 4,
     .sortable = false,
     .style = Style::kBar},
    {.title = "CONNS", .width = 6, .rank = 2},
    {.title = "RECEIVED", .width = 9, .rank = 6},
    {.title = "TRANSMITTED", .width = 12, .rank = 5},
    {.title = "HISTORY",
     .width = kHistoryWidth,
     .align = Align::kLeft,
     .rank = 3,
     .sortable = false,
     .style = Style::kBar},
}};

constexpr std::array<Column, kConnectionColumns> kConnections = {{
    {.title = "USER", .width = 10, .most = 32, .align = Align::kLeft, .rises = true},
    {.title = "COMMAND", .width = 8, .most = 15, .align = Align::kLeft, .rank = 3, .rises = true},
    {.title = "PID", .width = 7, .rank = 8, .rises = true, .style = Style::kFaint},
    {.title = "PROTO", .width = 6, .align = Align::kLeft, .rank = 6, .rises = true},
    {.title = "DIRECTION", .width = 10, .align = Align::kLeft, .rank = 9, .rises = true},
    {.title = "LOCAL", .width = 15, .most = 47, .align = Align::kLeft, .rank = 10, .rises = true},
    {.title = "REMOTE", .width = 15, .most = 47, .align = Align::kLeft, .rank = 1, .rises = true},
    {.title = "NETWORK", .width = 8, .most = 16, .align = Align::kLeft, .rank = 7, .rises = true},
    {.title = "RECEIVE/S", .width = 10},
    {.title = "TRANSMIT/S", .width = 11},
    {.title = "SHARE", .width = 6, .rank = 2},
    {.title = "RECEIVED", .width = 9, .rank = 5},
    {.title = "TRANSMITTED", .width = 12, .rank = 4},
}};

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool Holds(std::string_view text, std::string_view filter) {
  const auto equal = [](char one, char other) { return Lower(one) == Lower(other); };
  return filter.empty() ||
         std::search(text.begin(), text.end(), filter.begin(), filter.end(), equal) != text.end();
}

bool AnyHolds(std::initializer_list<std::string_view> texts, std::string_view filter) {
  return std::ranges::any_of(texts, [filter](auto text) { return Holds(text, filter); });
}

std::string Amount(std::uint64_t bytes) {
  return AmountText(static_cast<double>(bytes));
}

/// A value that does not move needs no digits.
std::string RateText(double rate) {
  return rate > 0 ? AmountText(rate) : "0";
}

}  // namespace

const std::array<Column, kUserColumns>& UserTableColumns() {
  return kUsers;
}

const std::array<Column, kConnectionColumns>& ConnectionTableColumns() {
  return kConnections;
}

std::vector<Row> UserTableRows(const Reading& reading, const std::string& filter, Charset charset) {
  std::vector<Row> rows;
  for (const UserRow& user : reading.users) {
    const Moved& moved = user.moved;
    const std::string uid = std::to_string(user.uid);
    if (!AnyHolds({user.user, uid}, filter)) {
      continue;
    }
    rows.push_back({{user.user, uid, RateText(moved.receive_bytes_per_second),
                     RateText(moved.transmit_bytes_per_second), ShareText(user.share),
                     Bar(user.share, kBarWidth, charset), std::to_string(user.connections),
                     Amount(moved.receive_bytes), Amount(moved.transmit_bytes),
                     Sparkline(user.history, kHistoryWidth, charset)},
                    {user.user, std::uint64_t{user.uid}, moved.receive_bytes_per_second,
                     moved.transmit_bytes_per_second, user.share, user.share, user.connections,
                     moved.receive_bytes, moved.transmit_bytes, user.share}});
  }
  return rows;
}

std::vector<Row> ConnectionTableRows(const Reading& reading, const std::string& filter) {
  double all = 0;
  for (const UserRow& user : reading.users) {
    all += user.moved.Rate();
  }
  std::vector<Row> rows;
  for (const ConnectionRow& row : reading.connections.rows) {
    if (!AnyHolds({row.user, row.command, row.protocol, row.local, row.remote, row.network},
                  filter)) {
      continue;
    }
    const Moved& moved = row.moved;
    const double share = all > 0 ? moved.Rate() / all : 0;
    rows.push_back(
        {{row.user, row.command, std::to_string(row.pid), row.protocol, row.direction, row.local,
          row.remote.empty() ? "hidden" : row.remote, row.network,
          RateText(moved.receive_bytes_per_second), RateText(moved.transmit_bytes_per_second),
          ShareText(share), Amount(moved.receive_bytes), Amount(moved.transmit_bytes)},
         {row.user, row.command, row.pid, row.protocol, row.direction, row.local, row.remote,
          row.network, moved.receive_bytes_per_second, moved.transmit_bytes_per_second, share,
          moved.receive_bytes, moved.transmit_bytes}});
  }
  return rows;
}

}  // namespace pdtt::top
