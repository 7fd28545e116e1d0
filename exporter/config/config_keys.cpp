// SPDX-License-Identifier: Apache-2.0
#include "config/config_keys.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

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

constexpr Key kLayerKeys[] = {
    {"layers.xdp",
     [](const YamlNode& value, Config& config) {
       config.xdp = ParseChoice<XdpMode>(ReadText(value), kXdpModes);
     }},
    {"layers.socket",
     [](const YamlNode& value, Config& config) {
       config.socket = ParseChoice<SocketMode>(ReadText(value), kSocketModes);
     }},
};

constexpr Key kCollectorKeys[] = {
    {"collector.max_age",
     [](const YamlNode& value, Config& config) {
       config.collector_max_age = ParseDuration(ReadText(value), milliseconds{100}, kHour);
     }},
};

constexpr Key kReportKeys[] = {
    {"report.prefix",
     [](const YamlNode& value, Config& config) {
       config.report_prefix = ParseAbsolutePath(ReadText(value)).string();
     }},
    {"report.interval",
     [](const YamlNode& value, Config& config) {
       config.report_interval = ParseReportInterval(ReadText(value));
     }},
    {"report.console",
     [](const YamlNode& value, Config& config) { config.report_console = ReadBool(value); }},
};

constexpr Key kRecordKeys[] = {
    {"records.file",
     [](const YamlNode& value, Config& config) {
       config.records_file = ParseAbsolutePath(ReadText(value)).string();
     }},
    {"records.journald",
     [](const YamlNode& value, Config& config) { config.records_journald = ReadBool(value); }},
    {"records.min_bytes",
     [](const YamlNode& value, Config& config) {
       config.records_min_bytes = ReadNumber(value, 0, std::numeric_limits<std::int64_t>::max());
     }},
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
    {"web.local_users",
     [](const YamlNode& value, Config& config) {
       config.web_local_users = ReadList(value, {.fewest = 0, .most = kMostLocalUsers}, ParseUser);
     }},
    {"web.max_requests",
     [](const YamlNode& value, Config& config) {
       config.web_max_requests = ReadNumber(value, 0, kMostRequests);
     }},
    {"web.config_file",
     [](const YamlNode& value, Config& config) {
       config.web_config_file = ParseAbsolutePath(ReadText(value));
     }},
};

constexpr Key kPrivacyKeys[] = {
    {"privacy.hide_remote_addresses",
     [](const YamlNode& value, Config& config) {
       config.privacy.hide_remote_addresses = ReadBool(value);
     }},
    {"privacy.hide_connections",
     [](const YamlNode& value, Config& config) {
       config.privacy.hide_connections = ReadBool(value);
     }},
    {"privacy.uids_only",
     [](const YamlNode& value, Config& config) { config.privacy.uids_only = ReadBool(value); }},
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
    {"records", [](const YamlNode& value,
                   Config& config) { ReadSection(value, "records", kRecordKeys, config); }},
    {"web",
     [](const YamlNode& value, Config& config) { ReadSection(value, "web", kWebKeys, config); }},
    {"privacy", [](const YamlNode& value,
                   Config& config) { ReadSection(value, "privacy", kPrivacyKeys, config); }},
    {"persist", [](const YamlNode& value, Config& config) { config.persist = ReadBool(value); }},
    {"user",
     [](const YamlNode& value, Config& config) { config.user = ParseUser(ReadText(value)); }},
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
