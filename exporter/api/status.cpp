// SPDX-License-Identifier: Apache-2.0
// /api/v1/status
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/api.h"
#include "api/json.h"
#include "metrics/label_text.h"

namespace pdtt {
namespace {

constexpr auto kTableNames = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"account_map", "accounts"},
    {"conn_stats_map", "connections"},
    {"flow_stats_map", "flows"},
    {"events", "events"},
    {"conn_uid_map", "xdp_connections"},
    {"tcp_seen_map", "tcp_progress"},
    {"udp_calls_map", "udp_calls"},
});

// In plain words, for people; programs that need the map find its name in the metrics.
std::string TableName(const std::string& map) {
  const auto* const found = std::find_if(kTableNames.begin(), kTableNames.end(),
                                         [&map](const auto& pair) { return pair.first == map; });
  return found == kTableNames.end() ? map : std::string(found->second);
}

Json Optional(const std::optional<std::uint64_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json Layers(const Snapshot& snapshot) {
  Json layers = Json::array();
  for (const LayerStatus& layer : snapshot.layers) {
    layers.push_back({{"layer", LabelValue(layer.layer)},
                      {"up", layer.up},
                      {"mode", layer.mode},
                      {"reason", layer.reason},
                      {"remedy", layer.remedy}});
  }
  return layers;
}

Json Tables(const Snapshot& snapshot) {
  Json tables = Json::array();
  for (const MapStatus& map : snapshot.maps) {
    tables.push_back({{"table", TableName(map.name)},
                      {"entries", Optional(map.entries)},
                      {"capacity", Optional(map.capacity)},
                      {"insert_failures", map.insert_failures}});
  }
  return tables;
}

Json Totals(const Snapshot& snapshot, const Rates& rates) {
  Traffic unattributed = snapshot.unattributed_no_socket;
  unattributed += snapshot.unattributed_table_full;
  unattributed += snapshot.unattributed_nested;
  Json totals;
  totals["receive_bytes"] = snapshot.host.receive_bytes;
  totals["transmit_bytes"] = snapshot.host.transmit_bytes;
  AddRate(totals, rates.host);
  totals["excluded_receive_bytes"] = snapshot.excluded.receive_bytes;
  totals["excluded_transmit_bytes"] = snapshot.excluded.transmit_bytes;
  totals["unattributed_receive_bytes"] = unattributed.receive_bytes;
  totals["unattributed_transmit_bytes"] = unattributed.transmit_bytes;
  return totals;
}

}  // namespace

std::string StatusJson(const Snapshot& snapshot, const Rates& rates, const AboutExporter& about) {
  const Json status = {{"version", about.version},
                       {"revision", about.revision},
                       {"hostname", about.hostname},
                       {"time", UnixSeconds(snapshot.time)},
                       {"started", Rounded(about.started.count())},
                       {"layers", Layers(snapshot)},
                       {"tables", Tables(snapshot)},
                       {"totals", Totals(snapshot, rates)},
                       {"privacy",
                        {{"hide_remote_addresses", snapshot.privacy.hide_remote_addresses},
                         {"hide_connections", snapshot.privacy.hide_connections},
                         {"uids_only", snapshot.privacy.uids_only}}}};
  return Text(status) + '\n';
}

std::string ErrorJson(std::string_view error) {
  return Text(Json{{"error", error}}) + '\n';
}

}  // namespace pdtt
