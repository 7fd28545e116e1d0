// SPDX-License-Identifier: Apache-2.0
// Answers of the API to start from.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "top/api_reading.h"

namespace pdtt::top {

using Json = nlohmann::ordered_json;

inline Json MovedJson(double receive_rate, double transmit_rate) {
  return {{"receive_bytes", 1'000},
          {"transmit_bytes", 2'000},
          {"receive_bytes_per_second", receive_rate},
          {"transmit_bytes_per_second", transmit_rate}};
}

inline Json StatusJson() {
  Json json = {
      {"version", "1.2.3"},
      {"revision", "r"},
      {"hostname", "host.example"},
      {"time", 1'700'000'000.5},
      {"started", 1'600'000'000},
      {"layers",
       {{{"layer", "cgroup"}, {"up", true}, {"mode", "attached"}, {"reason", ""}, {"remedy", ""}},
        {{"layer", "xdp"},
         {"up", false},
         {"mode", "off"},
         {"reason", "no interface is named"},
         {"remedy", ""}}}},
      {"tables",
       {{{"table", "accounts"},
         {"entries", nullptr},
         {"capacity", nullptr},
         {"insert_failures", 0}}}},
      {"totals", MovedJson(30, 40)},
      {"privacy", Json::object()}};
  json["totals"].update({{"unattributed_receive_bytes", 5}, {"unattributed_transmit_bytes", 6}});
  return json;
}

inline Json UserJson(const std::string& name, std::uint32_t uid, double rate) {
  Json json = {
      {"uid", uid},
      {"user", name},
      {"share", rate / 100},
      {"connections", 3},
      {"history",
       {{"receive_bytes_per_second", {1, 2, 3}}, {"transmit_bytes_per_second", {10, 20}}}}};
  json.update(MovedJson(rate, 0));
  return json;
}

inline Json UsersJson(Json users) {
  return {{"time", 1'700'000'000.5},
          {"window_seconds", 1.5},
          {"history_interval_seconds", 1},
          {"users", std::move(users)}};
}

inline Json ConnectionJson(const std::string& user, const std::string& remote, double rate) {
  Json json = {{"uid", 1000},
               {"user", user},
               {"protocol", "tcp"},
               {"direction", "outbound"},
               {"local_address", "192.0.2.1"},
               {"local_port", 40000},
               {"remote_address", remote},
               {"remote_port", 443},
               {"network", "internet"},
               {"pid", 4711},
               {"command", "curl"}};
  json.update(MovedJson(rate, 0));
  return json;
}

inline Json ConnectionsJson(Json connections) {
  return {{"time", 1'700'000'000.5},
          {"window_seconds", 1.5},
          {"tracked", 7},
          {"hidden", false},
          {"connections", std::move(connections)}};
}

inline Bodies ToBodies(const Json& status, const Json& users, const Json& connections) {
  return {status.dump(), users.dump(), connections.dump()};
}

inline Bodies ExampleBodies() {
  return ToBodies(StatusJson(),
                  UsersJson(Json::array({UserJson("alice", 1000, 70), UserJson("bob", 1001, 30)})),
                  ConnectionsJson(Json::array({ConnectionJson("alice", "198.51.100.7", 60),
                                               ConnectionJson("bob", "2001:db8::1", 30)})));
}

}  // namespace pdtt::top
