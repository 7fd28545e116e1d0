// SPDX-License-Identifier: Apache-2.0
#include "top/api_reading.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "bodies.h"

namespace pdtt::top {
namespace {

/// What is said about a status, users or connections that are not as they should be.
std::string ProblemOf(const Bodies& bodies) {
  try {
    static_cast<void>(ParseReading(bodies));
  } catch (const BadAnswer& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("A reading has what the API says") {
  const Reading reading = ParseReading(ExampleBodies());
  CHECK(reading.status.hostname == "host.example");
  CHECK(reading.status.version == "1.2.3");
  CHECK(reading.status.time == 1'700'000'000.5);
  CHECK(reading.status.totals.transmit_bytes_per_second == 40);
  CHECK(reading.status.unattributed_bytes == 11);
  REQUIRE(reading.status.layers.size() == 2);
  CHECK(reading.status.layers[0].up);
  CHECK(reading.status.layers[1].reason == "no interface is named");
  REQUIRE(reading.status.tables.size() == 1);
  CHECK_FALSE(reading.status.tables[0].entries.has_value());
  CHECK(reading.window_seconds == 1.5);
  REQUIRE(reading.users.size() == 2);
  CHECK(reading.users[0].user == "alice");
  CHECK(reading.users[0].uid == 1000);
  CHECK(reading.users[0].moved.receive_bytes == 1'000);
  CHECK(reading.users[0].share == 0.7);
  CHECK(reading.connections.tracked == 7);
  REQUIRE(reading.connections.rows.size() == 2);
  CHECK(reading.connections.rows[0].local == "192.0.2.1:40000");
  CHECK(reading.connections.rows[1].remote == "[2001:db8::1]:443");
}

TEST_CASE("Histories of both directions are added where now is, on the right") {
  CHECK(ParseReading(ExampleBodies()).users[0].history == std::vector<double>{1, 12, 23});
}

TEST_CASE("Counters are exact up to 64 bits") {
  Json user = UserJson("alice", 1000, 0);
  user["receive_bytes"] = std::numeric_limits<std::uint64_t>::max();
  const Bodies bodies =
      ToBodies(StatusJson(), UsersJson(Json::array({user})), ConnectionsJson(Json::array()));
  CHECK(ParseReading(bodies).users[0].moved.receive_bytes ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK_THAT(CombinedJson(bodies), Catch::Contains("18446744073709551615"));
}

TEST_CASE("What the exporter hides may be missing") {
  Json connection = ConnectionJson("alice", "", 1);
  connection["remote_address"] = nullptr;
  connection.erase("remote_port");
  const Reading reading = ParseReading(
      ToBodies(StatusJson(), UsersJson(Json::array()), ConnectionsJson(Json::array({connection}))));
  CHECK(reading.connections.rows[0].remote.empty());
}

TEST_CASE("An answer that is not the API's is refused, with what is wrong about it") {
  const Json none = Json::array();
  const auto status = [&](const Json& change) {
    Json json = StatusJson();
    json.update(change);
    return ProblemOf(ToBodies(json, UsersJson(none), ConnectionsJson(none)));
  };
  const auto user = [&](const Json& change) {
    Json json = UserJson("alice", 1, 1);
    json.update(change);
    return ProblemOf(ToBodies(StatusJson(), UsersJson(Json::array({json})), ConnectionsJson(none)));
  };
  CHECK(status(Json::object()).empty());
  CHECK(status({{"hostname", 1}}) == "hostname is not a string");
  CHECK(status({{"layers", "x"}}) == "layers is not a list");
  CHECK(status({{"layers", {1}}}) == "a layer is not an object");
  CHECK(status({{"totals", nullptr}}) == "totals is not an object");
  CHECK(user(Json::object()).empty());
  CHECK(user({{"uid", 4294967296}}) == "uid is not a uid");
  CHECK(user({{"uid", -1}}) == "uid is not a count");
  CHECK(user({{"receive_bytes", 1.5}}) == "receive_bytes is not a count");
  CHECK(user({{"receive_bytes_per_second", -1}}) ==
        "receive_bytes_per_second is not a number of 0 or more");
  CHECK(user({{"share", nullptr}}) == "share is not a number of 0 or more");
  CHECK(user({{"history", Json::object()}}) == "receive_bytes_per_second is missing");
}

TEST_CASE("What is no JSON object is refused") {
  Bodies bodies = ExampleBodies();
  bodies.users = GENERATE("", "[]", "<html></html>", "{\"users\":", "1e999",
                          "{\"window_seconds\":1e999}", "\xff");
  CHECK(ProblemOf(bodies) == "/api/v1/users is not a JSON object");
}

TEST_CASE("Deep nesting is survived") {
  Bodies bodies = ExampleBodies();
  bodies.status = std::string(1'000'000, '[');
  CHECK_FALSE(ProblemOf(bodies).empty());
  bodies.status += std::string(1'000'000, ']');
  CHECK_FALSE(ProblemOf(bodies).empty());
}

TEST_CASE("The combined JSON has all three in printable ASCII") {
  Bodies bodies = ExampleBodies();
  Json users = Json::parse(bodies.users);
  users["users"][0]["user"] = "\x1b[2J\xC2\x9B\xE2\x80\xAE";
  bodies.users = users.dump();
  const std::string text = CombinedJson(bodies);
  CHECK(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  const Json combined = Json::parse(text);
  CHECK(combined["status"] == Json::parse(bodies.status));
  CHECK(combined["users"] == users);
  CHECK(combined["connections"] == Json::parse(bodies.connections));
}

TEST_CASE("The error of an answer is its text or nothing") {
  CHECK(ErrorText(R"({"error":"no snapshot yet"})") == "no snapshot yet");
  CHECK(ErrorText(R"({"error":1})").empty());
  CHECK(ErrorText("not found\n").empty());
}

}  // namespace
}  // namespace pdtt::top
