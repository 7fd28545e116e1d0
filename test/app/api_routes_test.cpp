// SPDX-License-Identifier: Apache-2.0
#include "app/api_routes.h"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace pdtt {
namespace {

using namespace std::chrono_literals;

/// A kernel that is there only as long as it is wanted.
class Source : public TrafficSource {
 public:
  explicit Source(bool works) : works_(works) {}

  EventsReading ReadEvents() override { return {}; }
  void CommitEvents(std::uint64_t /*position*/) override {}
  Reading Read() override {
    if (!works_) {
      throw std::runtime_error("no kernel");
    }
    return {};
  }

 private:
  bool works_;
};

CollectorOptions Options() {
  CollectorOptions options;
  options.users.settle = [] {};
  options.on_error = [](CollectStage) {};
  options.on_dropped_series = [](std::uint64_t) {};
  options.log_error = [](const std::string&) {};
  return options;
}

nlohmann::json Body(const HttpResponse& response) {
  std::string body;
  response.body([&body](std::string_view piece) {
    body += piece;
    return true;
  });
  return nlohmann::json::parse(body);
}

}  // namespace

TEST_CASE("each path of the API answers with a document, or says why it cannot", "[api_routes]") {
  const bool works = GENERATE(true, false);
  Source source{works};
  Collector collector{source, Options()};
  const RateHistory rates;
  const std::atomic<std::chrono::milliseconds> max_age = 0ms;
  const std::vector<HttpRoute> routes = ApiRoutes(collector, rates, max_age);
  REQUIRE(routes.size() == 3);
  for (const HttpRoute& route : routes) {
    CAPTURE(route.path);
    const HttpResponse response = route.respond({});
    CHECK(response.status == (works ? 200 : 503));
    CHECK(response.content_type == "application/json");
    const nlohmann::json body = Body(response);
    CHECK(body.contains("error") == !works);
    CHECK(body.contains("time") == works);
  }
}

}  // namespace pdtt
