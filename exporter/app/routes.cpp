// SPDX-License-Identifier: Apache-2.0
#include "app/routes.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "http/accept.h"
#include "metrics/page.h"
#include "page/page.h"

namespace pdtt {
namespace {

// A scraper gives up after 10 s by default.
constexpr auto kCollectionTimeout = std::chrono::seconds{8};

HttpResponse Text(int status, std::string text) {
  return {.status = status, .body = [text = std::move(text)](const Sink& sink) { sink(text); }};
}

bool CgroupLayerUp(const Snapshot& snapshot) {
  return std::any_of(snapshot.layers.begin(), snapshot.layers.end(), [](const LayerStatus& layer) {
    return layer.layer == Layer::kCgroup && layer.up;
  });
}

struct OfferedFormat {
  MediaType type;
  std::string_view content_type;
  PageFormat format;
};

// The first of those that a client likes equally is taken.
constexpr auto kFormats = std::to_array<OfferedFormat>({
    {{"text/plain", "0.0.4"}, "text/plain; version=0.0.4; charset=utf-8", PageFormat::kText},
    {{"application/openmetrics-text", "1.0.0"},
     "application/openmetrics-text; version=1.0.0; charset=utf-8",
     PageFormat::kOpenMetrics},
    {{"application/openmetrics-text", "0.0.1"},
     "application/openmetrics-text; version=0.0.1; charset=utf-8",
     PageFormat::kOpenMetrics},
});

const OfferedFormat& FormatFor(const std::string& accept) {
  std::array<MediaType, kFormats.size()> types{};
  std::transform(kFormats.begin(), kFormats.end(), types.begin(),
                 [](const OfferedFormat& offered) { return offered.type; });
  return kFormats.at(PreferredType(accept, types));
}

HttpResponse Metrics(Collector& collector, const ExporterCounters& counters,
                     std::chrono::milliseconds max_age, const std::string& accept) {
  auto snapshot = collector.Fresh(max_age, kCollectionTimeout);
  if (!snapshot) {
    return Text(503, "no snapshot yet\n");
  }
  const OfferedFormat& offered = FormatFor(accept);
  return {.content_type = std::string{offered.content_type},
          .headers = {{"Vary", "Accept"}},
          .body = [snapshot = std::move(snapshot), &counters,
                   format = offered.format](const Sink& sink) {
            WriteMetricsPage(*snapshot, counters, "/proc", format, sink);
          }};
}

HttpResponse Ready(const Collector& collector) {
  const auto snapshot = collector.Latest();
  if (!snapshot) {
    return Text(503, "not ready: no snapshot yet\n");
  }
  if (!CgroupLayerUp(*snapshot)) {
    return Text(503, "not ready: the cgroup layer does not count\n");
  }
  return Text(200, "ready\n");
}

}  // namespace

std::vector<HttpRoute> Routes(Collector& collector, const ExporterCounters& counters,
                              const std::atomic<std::chrono::milliseconds>& max_age) {
  std::vector<HttpRoute> routes = {
      {"/metrics",
       [&collector, &counters, &max_age](const HttpRequest& request) {
         return Metrics(collector, counters, max_age, request.accept);
       }},
      {"/-/healthy", [](const HttpRequest&) { return Text(200, "healthy\n"); }, true},
      {"/-/ready", [&collector](const HttpRequest&) { return Ready(collector); }, true},
  };
  for (HttpRoute& route : PageRoutes()) {
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace pdtt
