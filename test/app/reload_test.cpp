// SPDX-License-Identifier: Apache-2.0
#include "app/reload.h"

#include <functional>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace pdtt {
namespace {

Config Changed(const std::function<void(Config&)>& change) {
  Config config;
  change(config);
  return config;
}

}  // namespace

TEST_CASE("what can change while running is taken over", "[reload]") {
  const Config wanted = Changed([](Config& config) {
    config.exclude_users = {"nobody"};
    config.networks[0].name = "campus";
    config.connections_export = 7;
    config.connections_linger = std::chrono::seconds{1};
    config.limit_series = 700;
    config.collector_max_age = std::chrono::seconds{2};
    config.report_interval = std::chrono::seconds{3};
    config.web_local_users = {"root", "1000"};
    config.log_level = LogLevel::kDebug;
  });
  Config applied = wanted;
  CHECK(KeepFixed(Config{}, applied).empty());
  CHECK(applied == wanted);
}

TEST_CASE("what cannot change stays as it is and is named", "[reload]") {
  const auto [key, wanted] = GENERATE(table<std::string_view, Config>({
      {"interfaces", Changed([](Config& c) { c.interfaces = {"eth0"}; })},
      {"cgroup", Changed([](Config& c) { c.cgroup = "/sys/fs/cgroup"; })},
      {"pin_path", Changed([](Config& c) { c.pin_path = "/sys/fs/bpf/other"; })},
      {"persist", Changed([](Config& c) { c.persist = true; })},
      {"attribution.handover", Changed([](Config& c) { c.handover = false; })},
      {"attribution.system_uids", Changed([](Config& c) {
         c.system_uids = {{1, 2}};
       })},
      {"attribution.subuid_to_owner", Changed([](Config& c) { c.subuid_to_owner = false; })},
      {"limits.accounts", Changed([](Config& c) { c.limit_accounts = 8; })},
      {"limits.connections", Changed([](Config& c) { c.limit_connections = 64; })},
      {"layers.xdp", Changed([](Config& c) { c.xdp = XdpMode::kOff; })},
      {"layers.socket", Changed([](Config& c) { c.socket = SocketMode::kOff; })},
      {"web.listen", Changed([](Config& c) { c.web_listen = {"127.0.0.1:1"}; })},
      {"web.allow", Changed([](Config& c) { c.web_allow = {"::1/128"}; })},
      {"web.config_file", Changed([](Config& c) { c.web_config_file = "/etc/pdtt/web.yml"; })},
      {"web.max_requests", Changed([](Config& c) { c.web_max_requests = 1; })},
      {"user", Changed([](Config& c) { c.user = "nobody"; })},
      {"log.format", Changed([](Config& c) { c.log_format = LogFormat::kJson; })},
  }));
  Config applied = wanted;
  applied.limit_series = 700;
  CHECK(KeepFixed(Config{}, applied) == std::vector<std::string_view>{key});
  CHECK(applied == Changed([](Config& c) { c.limit_series = 700; }));
}

}  // namespace pdtt
