// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sample_snapshot.h"

namespace pdtt {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::uint32_t kAlice = 1000;
constexpr std::uint32_t kBob = 1001;

/// Bob is twice as fast as alice, and has a history of two points.
RateView SampleRates(const Snapshot& snapshot) {
  RateView view;
  view.rates.window = 1.5s;
  view.rates.host = {30, 3};
  view.rates.users = {{kAlice, {10, 0}}, {kBob, {20, 0.00049}}};
  view.rates.connections[KeyOfConnection(snapshot.connections.at(1), snapshot)] = {7, 8};
  view.history = std::make_shared<const History>(
      History{.points = 2, .users = {{kBob, {{1, 2}, {3.00049, 4}}}}});
  return view;
}

json Users(const Snapshot& snapshot, const RateView& rates) {
  std::string text;
  CHECK(WriteUsersJson(snapshot, rates, [&](std::string_view piece) {
    text += piece;
    return true;
  }));
  return json::parse(text);
}

json Connections(const Snapshot& snapshot, const Rates& rates) {
  std::string text;
  CHECK(WriteConnectionsJson(snapshot, rates, [&](std::string_view piece) {
    text += piece;
    return true;
  }));
  return json::parse(text);
}

}  // namespace

TEST_CASE("the status says what runs and how it is doing", "[api]") {
  Snapshot snapshot = SampleSnapshot();
  snapshot.maps.push_back({"conn_stats_map", 3, std::nullopt, 0});
  snapshot.maps.push_back({"new_map", std::nullopt, std::nullopt, 0});
  snapshot.privacy.uids_only = true;
  const AboutExporter about{"1.2.3", "abc", "host\xff", 1'700'000'000.5s};
  const json status = json::parse(StatusJson(snapshot, SampleRates(snapshot).rates, about));
  CHECK(status["version"] == "1.2.3");
  CHECK(status["revision"] == "abc");
  CHECK(status["hostname"] == "host\xEF\xBF\xBD");
  CHECK(status["time"] == 1'700'000'000.25);
  CHECK(status["started"] == 1'700'000'000.5);
  CHECK(status["layers"].size() == 4);
  CHECK(status["layers"][0] == json{{"layer", "xdp"},
                                    {"up", false},
                                    {"mode", "off"},
                                    {"reason", "no interface is configured"},
                                    {"remedy", ""}});
  CHECK(status["tables"] ==
        json::array(
            {{{"table", "accounts"}, {"entries", 57}, {"capacity", 4096}, {"insert_failures", 58}},
             {{"table", "connections"},
              {"entries", 3},
              {"capacity", nullptr},
              {"insert_failures", 0}},
             {{"table", "new_map"},
              {"entries", nullptr},
              {"capacity", nullptr},
              {"insert_failures", 0}}}));
  CHECK(status["totals"] == json{{"receive_bytes", 32},
                                 {"transmit_bytes", 33},
                                 {"receive_bytes_per_second", 30.0},
                                 {"transmit_bytes_per_second", 3.0},
                                 {"excluded_receive_bytes", 26},
                                 {"excluded_transmit_bytes", 27},
                                 {"unattributed_receive_bytes", 90},
                                 {"unattributed_transmit_bytes", 93}});
  CHECK(status["privacy"] ==
        json{{"hide_remote_addresses", false}, {"hide_connections", false}, {"uids_only", true}});
}

TEST_CASE("users come by their rate, with all of their traffic", "[api]") {
  const Snapshot snapshot = SampleSnapshot();
  const json users = Users(snapshot, SampleRates(snapshot));
  CHECK(users["time"] == 1'700'000'000.25);
  CHECK(users["window_seconds"] == 1.5);
  CHECK(users["history_interval_seconds"] == 5);
  REQUIRE(users["users"].size() == 2);
  const json& alice = users["users"][1];
  CHECK(alice["uid"] == kAlice);
  CHECK(alice["user"] == "alice");
  CHECK(alice["receive_bytes"] == 6);
  CHECK(alice["transmit_bytes"] == 8);
  CHECK(alice["receive_bytes_per_second"] == 10);
  CHECK(alice["connections"] == 13);
  CHECK(alice["share"] == Approx(1.0 / 3).epsilon(0.001));
  CHECK(alice["history"] ==
        json{{"receive_bytes_per_second", {0.0, 0.0}}, {"transmit_bytes_per_second", {0.0, 0.0}}});
  const json& bob = users["users"][0];
  CHECK(bob["transmit_bytes_per_second"] == 0.0);  // thousandths
  CHECK(bob["history"] ==
        json{{"receive_bytes_per_second", {1.0, 3.0}}, {"transmit_bytes_per_second", {2.0, 4.0}}});
}

TEST_CASE("idle users come by their total, then by uid", "[api]") {
  Snapshot snapshot = SampleSnapshot();
  snapshot.users.push_back({999, "carol"});
  const json users = Users(snapshot, {});
  REQUIRE(users["users"].size() == 3);
  CHECK(users["users"][0]["uid"] == kBob);  // 19 bytes
  CHECK(users["users"][0]["share"] == 0);
  CHECK(users["users"][1]["uid"] == kAlice);  // 14 bytes
  CHECK(users["users"][2]["uid"] == 999);
  CHECK(users["users"][2]["receive_bytes"] == 0);
  CHECK(users["users"][2]["history"]["receive_bytes_per_second"] == json::array());
}

TEST_CASE("names and commands stay text, whatever bytes they are", "[api]") {
  Snapshot snapshot = SampleSnapshot();
  snapshot.users[0].name = "</script><script>\"\\\n\x01";
  snapshot.connections[1].command = "\xff\xc3(\"<b>";
  const json users = Users(snapshot, SampleRates(snapshot));
  CHECK(users["users"][1]["user"] == snapshot.users[0].name);
  CHECK(users["users"][0]["user"] == "b\"o\\b\n\xEF\xBF\xBD");
  const json connections = Connections(snapshot, {});
  CHECK(connections["connections"][0]["command"] == "\xEF\xBF\xBD\xEF\xBF\xBD(\"<b>");
}

TEST_CASE("connections come by their rate, then by their bytes", "[api]") {
  const Snapshot snapshot = SampleSnapshot();
  const json connections = Connections(snapshot, SampleRates(snapshot).rates);
  CHECK(connections["time"] == 1'700'000'000.25);
  CHECK(connections["window_seconds"] == 1.5);
  CHECK(connections["tracked"] == 54);
  CHECK(connections["hidden"] == false);
  REQUIRE(connections["connections"].size() == 2);
  CHECK(connections["connections"][0]["transmit_bytes_per_second"] == 8);
  CHECK(connections["connections"][0]["remote_address"] == "2001:db8::1");
  CHECK(connections["connections"][1] == json{{"uid", kAlice},
                                              {"user", "alice"},
                                              {"protocol", "tcp"},
                                              {"direction", "inbound"},
                                              {"local_address", "10.0.0.1"},
                                              {"local_port", 22},
                                              {"remote_address", "10.0.0.2"},
                                              {"remote_port", 50000},
                                              {"network", "private"},
                                              {"pid", 4242},
                                              {"command", "sshd"},
                                              {"receive_bytes", 46},
                                              {"transmit_bytes", 47},
                                              {"receive_bytes_per_second", 0.0},
                                              {"transmit_bytes_per_second", 0.0}});
  CHECK(Connections(snapshot, {})["connections"][0]["uid"] == kBob);
}

TEST_CASE("the API shows pseudonyms as the metrics do, and says what is hidden", "[api]") {
  Snapshot snapshot = SampleSnapshot();
  snapshot.privacy = {.hide_remote_addresses = true, .hide_connections = true, .uids_only = false};
  const json connections = Connections(snapshot, {});
  CHECK(connections["hidden"] == true);
  for (const json& connection : connections["connections"]) {
    CHECK(connection["remote_address"].get<std::string>().starts_with("hidden-"));
  }
}

TEST_CASE("counters stay exact", "[api]") {
  Snapshot snapshot = SampleSnapshot();
  snapshot.connections[0].traffic.receive_bytes = 9'223'372'036'854'775'809U;
  snapshot.host.receive_bytes = 9'007'199'254'740'993U;
  CHECK(Connections(snapshot, {})["connections"][0]["receive_bytes"].dump() ==
        "9223372036854775809");
  CHECK(json::parse(StatusJson(snapshot, {}, {}))["totals"]["receive_bytes"].dump() ==
        "9007199254740993");
}

TEST_CASE("an empty snapshot makes whole documents", "[api]") {
  CHECK(Users({}, {})["users"] == json::array());
  CHECK(Connections({}, {})["connections"] == json::array());
}

TEST_CASE("a sink that has enough stops the document", "[api]") {
  const Snapshot snapshot = SampleSnapshot();
  int pieces = 0;
  CHECK_FALSE(WriteConnectionsJson(snapshot, {}, [&](std::string_view) { return ++pieces < 2; }));
  CHECK(pieces == 2);
}

}  // namespace pdtt
