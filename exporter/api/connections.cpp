// SPDX-License-Identifier: Apache-2.0
// /api/v1/connections
#include <algorithm>
#include <tuple>
#include <vector>

#include "api/api.h"
#include "api/counters.h"
#include "api/json.h"
#include "api/json_rows.h"
#include "metrics/label_text.h"

namespace pdtt {
namespace {

struct Row {
  const Connection* connection = nullptr;
  Rate rate;
};

std::vector<Row> Rows(const Snapshot& snapshot, const Rates& rates) {
  std::vector<Row> rows;
  rows.reserve(snapshot.connections.size());
  for (const Connection& connection : snapshot.connections) {
    const auto rate = rates.connections.find(KeyOfConnection(connection, snapshot));
    rows.push_back({&connection, rate == rates.connections.end() ? Rate{} : rate->second});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tuple(a.rate.Both(), a.connection->traffic.Bytes()) >
           std::tuple(b.rate.Both(), b.connection->traffic.Bytes());
  });
  return rows;
}

Json ToJson(const Row& row, const Snapshot& snapshot) {
  const Connection& connection = *row.connection;
  const User& user = snapshot.users.at(connection.user);
  Json json;
  json["uid"] = user.uid;
  json["user"] = user.name;
  json["protocol"] = LabelValue(connection.protocol);
  json["direction"] = LabelValue(connection.direction);
  json["local_address"] = AddressText(connection.local_address);
  json["local_port"] = connection.local_port;
  json["remote_address"] = RemoteAddressText(snapshot, connection);
  json["remote_port"] = connection.remote_port;
  json["network"] = snapshot.networks.at(connection.network);
  json["pid"] = connection.pid;
  json["command"] = connection.command;
  json["receive_bytes"] = connection.traffic.receive_bytes;
  json["transmit_bytes"] = connection.traffic.transmit_bytes;
  AddRate(json, row.rate);
  return json;
}

}  // namespace

bool WriteConnectionsJson(const Snapshot& snapshot, const Rates& rates, const TextSink& sink) {
  const Json head = {{"time", UnixSeconds(snapshot.time)},
                     {"window_seconds", Rounded(rates.window.count())},
                     {"tracked", snapshot.connections_tracked},
                     {"hidden", snapshot.privacy.hide_connections}};
  return WriteRows(head, "connections", Rows(snapshot, rates), sink,
                   [&](const Row& row) { return ToJson(row, snapshot); });
}

}  // namespace pdtt
