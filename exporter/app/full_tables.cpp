// SPDX-License-Identifier: Apache-2.0
#include "app/full_tables.h"

#include <string_view>

namespace pdtt {
namespace {

constexpr auto kQuiet = std::chrono::minutes{1};

std::string_view RemedyFor(std::string_view map) {
  if (map == "account_map") {
    return "raise limits.accounts and restart";
  }
  if (map == "events") {
    return "the exporter gets too little CPU time, or its records wait for a slow or full disk";
  }
  if (map == "conn_stats_map") {
    return "the kernel has no memory for sockets' counters";
  }
  return "raise limits.connections and restart";
}

}  // namespace

std::uint64_t FullTables::ToWarn(Refused& refused, Clock::time_point now) {
  const std::uint64_t news = refused.total - refused.warned;
  if (news == 0 || now < refused.quiet_until) {
    return 0;
  }
  refused.warned = refused.total;
  refused.quiet_until = now + kQuiet;
  return news;
}

void FullTables::Check(const std::vector<MapStatus>& maps, Clock::time_point now) {
  for (const MapStatus& map : maps) {
    Refused& refused = maps_[map.name];
    refused.total = map.insert_failures;
    if (const std::uint64_t news = ToWarn(refused, now); news != 0) {
      log_.Warn("no room in a table", {{"map", map.name},
                                       {"refused", std::to_string(news)},
                                       {"remedy", std::string{RemedyFor(map.name)}}});
    }
  }
}

void FullTables::CheckSeries(std::uint64_t series, Clock::time_point now) {
  series_.total += series;
  if (const std::uint64_t news = ToWarn(series_, now); news != 0) {
    log_.Warn("connections left out of the metrics",
              {{"series", std::to_string(news)}, {"remedy", "raise limits.series"}});
  }
}

}  // namespace pdtt
