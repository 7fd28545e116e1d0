// SPDX-License-Identifier: Apache-2.0
#include "config/config_keys.h"

#include <algorithm>
#include <chrono>

#include "config/address.h"
#include "config/networks.h"
#include "config/values.h"
#include "config/yaml_reader.h"

namespace pdtt {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHour{3'600'000};

constexpr Key kUserKeys[] = {
    {"users.exclude",
     [](const YamlNode& value, Config& config) {
       config.exclude_users = ReadList(value, {.fewest = 0, .most = 1024}, ParseUser);
     }},
};

constexpr Key kAttributionKeys[] = {
    {"attribution.handover",
     [](const YamlNode& value, Config& config) { config.handover = ReadBool(value); }},
    {"attribution.system_uids",
     [](const YamlNode& value, Config& config) {
       config.system_uids = ReadList(value, {.fewest = 0, .most = 16}, ParseUidRange);
     }},
    {"attribution.subuid_to_owner",
     [](const YamlNode& value, Config& config) { config.subuid_to_owner = ReadBool(value); }},
};

constexpr Key kConnectionKeys[] = {
    {"connections.export",
     [](const YamlNode& value, Config& config) {
       config.connections_export = ReadNumber(value, 0, 1'000'000);
     }},
    {"connections.linger",
     [](const YamlNode& value, Config& config) {
       config.connections_linger = ParseDuration(ReadText(value), milliseconds{0}, kHour);
     }},
};

constexpr Key kLimitKeys[] = {
    {"limits.accounts",
     [](const YamlNode& value, Config& config) {
       config.limit_accounts = ReadNumber(value, 8, 1'048'576);
     }},
    {"limits.connections",
     [](const YamlNode& value, Config& config) {
       config.limit_connections = ReadNumber(value, 64, 4'194'304);
     }},
    {"limits.series",
     [](const YamlNode& value, Config& config) {
       config.limit_series = ReadNumber(value, 100, 10'000'000);
     }},
};

SocketMode ReadSocketMode(const YamlNode& value) {
  const std::string& text = ReadText(value);
  if (text == "fentry" || text == "kprobe") {
    throw NotAvailable(text);
  }
  return ParseChoice<SocketMode>(text, kSocketModes);
}

constexpr Key kLayerKeys[] = {
    {"layers.xdp",
     [](const YamlNode& value, Config& config) {
       config.xdp = ParseChoice<XdpMode>(ReadText(value), kXdpModes);
     }},
    {"layers.socket",
     [](const YamlNode& value, Config& config) { config.socket = ReadSocketMode(value); }},
};

constexpr Key kCollectorKeys[] = {
    {"collector.max_age",
     [](const YamlNode& value, Config& config) {
       config.collector_max_age = ParseDuration(ReadText(value), milliseconds{100}, kHour);
     }},
};

/// The default says nothing about reports, so it may stand there although there are none.
void CheckReportInterval(const YamlNode& value, Config& config) {
  const std::string& text = ReadText(value);
  if (ParseDuration(text, milliseconds{1'000}, kHour) != config.report_interval) {
    throw NotAvailable(text);
  }
}

constexpr Key kReportKeys[] = {
    {"report.prefix", nullptr},
    {"report.interval", CheckReportInterval},
};

/// Checks prefixes and keeps them as they were written.
std::string CheckedPrefix(std::string_view text) {
  static_cast<void>(ParsePrefix(text));
  return std::string(text);
}

constexpr Key kWebKeys[] = {
    {"web.listen",
     [](const YamlNode& value, Config& config) {
       config.web_listen =
           ReadList(value, {.fewest = 1, .most = kMostListenAddresses}, ParseListenAddress);
     }},
    {"web.allow",
     [](const YamlNode& value, Config& config) {
       config.web_allow = ReadList(value, {.fewest = 1, .most = 256}, CheckedPrefix);
     }},
    {"web.local_users", nullptr},
    {"web.config_file", nullptr},
};

constexpr Key kLogKeys[] = {
    {"log.level",
     [](const YamlNode& value, Config& config) {
       config.log_level = ParseChoice<LogLevel>(ReadText(value), kLogLevels);
     }},
    {"log.format",
     [](const YamlNode& value, Config& config) {
       config.log_format = ParseChoice<LogFormat>(ReadText(value), kLogFormats);
     }},
};

void CheckPersist(const YamlNode& value, Config& /*config*/) {
  if (ReadBool(value)) {
    throw NotAvailable("true");
  }
}

constexpr Key kKeys[] = {
    {"interfaces",
     [](const YamlNode& value, Config& config) {
       config.interfaces = ReadList(value, {.fewest = 0, .most = kMostInterfaces}, ParseInterface);
     }},
    {"cgroup",
     [](const YamlNode& value, Config& config) { config.cgroup = ParseCgroup(ReadText(value)); }},
    {"pin_path", [](const YamlNode& value,
                    Config& config) { config.pin_path = ParseAbsolutePath(ReadText(value)); }},
    {"users",
     [](const YamlNode& value, Config& config) { ReadSection(value, "users", kUserKeys, config); }},
    {"attribution",
     [](const YamlNode& value, Config& config) {
       ReadSection(value, "attribution", kAttributionKeys, config);
     }},
    {"networks",
     [](const YamlNode& value, Config& config) { config.networks = ReadNetworks(value); }},
    {"connections",
     [](const YamlNode& value, Config& config) {
       ReadSection(value, "connections", kConnectionKeys, config);
     }},
    {"limits", [](const YamlNode& value,
                  Config& config) { ReadSection(value, "limits", kLimitKeys, config); }},
    {"layers", [](const YamlNode& value,
                  Config& config) { ReadSection(value, "layers", kLayerKeys, config); }},
    {"collector", [](const YamlNode& value,
                     Config& config) { ReadSection(value, "collector", kCollectorKeys, config); }},
    {"report", [](const YamlNode& value,
                  Config& config) { ReadSection(value, "report", kReportKeys, config); }},
    {"web",
     [](const YamlNode& value, Config& config) { ReadSection(value, "web", kWebKeys, config); }},
    {"persist", CheckPersist},
    {"log",
     [](const YamlNode& value, Config& config) { ReadSection(value, "log", kLogKeys, config); }},
};

}  // namespace

Config ReadConfig(const YamlNode& root) {
  Config config;
  try {
    ReadSection(root, "", kKeys, config);
  } catch (const ValueError& e) {
    throw YamlError(root.offset, e.what());
  }
  return config;
}

}  // namespace pdtt
