// SPDX-License-Identifier: Apache-2.0
#include "app/api_routes.h"

#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "api/api.h"
#include "metrics/process_stats.h"
#include "version.h"

namespace pdtt {
namespace {

constexpr auto kCollectionTimeout = std::chrono::seconds{8};

/// Writes the document of one path.
using Document = std::function<void(const Snapshot&, const RateView&, const Sink&)>;

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

HttpResponse Json(int status, std::function<void(const Sink&)> body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

Document Status() {
  const std::chrono::duration<double> started{
      ReadProcessStats("/proc").start_time_seconds.value_or(0)};
  return [started](const Snapshot& snapshot, const RateView& rates, const Sink& sink) {
    const AboutExporter about{.version = std::string{kVersion},
                              .revision = std::string{kRevision},
                              .hostname = HostName(),
                              .started = started};
    sink(StatusJson(snapshot, rates.rates, about));
  };
}

struct Sources {
  Collector& collector;
  const RateHistory& rates;
  const std::atomic<std::chrono::milliseconds>& max_age;
};

HttpResponse Answer(const Sources& from, const Document& document) {
  auto snapshot = from.collector.Fresh(from.max_age, kCollectionTimeout, Reader::kViewer);
  if (!snapshot) {
    return Json(503, [](const Sink& sink) { sink(ErrorJson("no snapshot yet")); });
  }
  return Json(200, [document, snapshot = std::move(snapshot),
                    now = from.rates.Now()](const Sink& sink) { document(*snapshot, *now, sink); });
}

}  // namespace

std::vector<HttpRoute> ApiRoutes(Collector& collector, const RateHistory& rates,
                                 const std::atomic<std::chrono::milliseconds>& max_age) {
  const Sources sources{collector, rates, max_age};
  const Document users = [](const Snapshot& snapshot, const RateView& now, const Sink& sink) {
    WriteUsersJson(snapshot, now, sink);
  };
  const Document connections = [](const Snapshot& snapshot, const RateView& now, const Sink& sink) {
    WriteConnectionsJson(snapshot, now.rates, sink);
  };
  const Document status = Status();
  return {
      {"/api/v1/status", [=](const HttpRequest&) { return Answer(sources, status); }},
      {"/api/v1/users", [=](const HttpRequest&) { return Answer(sources, users); }},
      {"/api/v1/connections", [=](const HttpRequest&) { return Answer(sources, connections); }}};
}

}  // namespace pdtt
