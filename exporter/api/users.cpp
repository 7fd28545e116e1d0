// SPDX-License-Identifier: Apache-2.0
// /api/v1/users
#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "api/api.h"
#include "api/counters.h"
#include "api/json.h"
#include "api/json_rows.h"

namespace pdtt {
namespace {

struct Row {
  const User* user = nullptr;
  Bytes bytes;
  Rate rate;
  std::uint64_t connections = 0;
};

std::vector<Row> Rows(const Snapshot& snapshot, const Rates& rates) {
  std::vector<Row> rows(snapshot.users.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].user = &snapshot.users[i];
    if (const auto rate = rates.users.find(snapshot.users[i].uid); rate != rates.users.end()) {
      rows[i].rate = rate->second;
    }
  }
  for (const UserTraffic& traffic : snapshot.user_traffic) {
    rows.at(traffic.user).bytes.receive += traffic.traffic.receive_bytes;
    rows.at(traffic.user).bytes.transmit += traffic.traffic.transmit_bytes;
  }
  for (const UserActivity& activity : snapshot.user_activity) {
    rows.at(activity.user).connections += activity.open_connections;
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tuple(b.rate.Both(), b.bytes.receive + b.bytes.transmit, a.user->uid) <
           std::tuple(a.rate.Both(), a.bytes.receive + a.bytes.transmit, b.user->uid);
  });
  return rows;
}

Json HistoryOf(std::uint32_t uid, const History& history) {
  const auto found = history.users.find(uid);
  const std::vector<Rate> idle(found == history.users.end() ? history.points : 0);
  const std::vector<Rate>& points = found == history.users.end() ? idle : found->second;
  Json receive = Json::array();
  Json transmit = Json::array();
  for (const Rate& point : points) {
    receive.push_back(Rounded(point.receive));
    transmit.push_back(Rounded(point.transmit));
  }
  return {{"receive_bytes_per_second", std::move(receive)},
          {"transmit_bytes_per_second", std::move(transmit)}};
}

Json ToJson(const Row& row, double all, const History& history) {
  Json user;
  user["uid"] = row.user->uid;
  user["user"] = row.user->name;
  user["receive_bytes"] = row.bytes.receive;
  user["transmit_bytes"] = row.bytes.transmit;
  AddRate(user, row.rate);
  user["share"] = all > 0 ? row.rate.Both() / all : 0;
  user["connections"] = row.connections;
  user["history"] = HistoryOf(row.user->uid, history);
  return user;
}

}  // namespace

bool WriteUsersJson(const Snapshot& snapshot, const RateView& rates, const TextSink& sink) {
  const std::vector<Row> rows = Rows(snapshot, rates.rates);
  double all = 0;
  for (const Row& row : rows) {
    all += row.rate.Both();
  }
  const Json head = {{"time", UnixSeconds(snapshot.time)},
                     {"window_seconds", Rounded(rates.rates.window.count())},
                     {"history_interval_seconds", RateHistory::kInterval.count()}};
  return WriteRows(head, "users", rows, sink,
                   [&](const Row& row) { return ToJson(row, all, *rates.history); });
}

}  // namespace pdtt
