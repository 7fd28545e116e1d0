// SPDX-License-Identifier: Apache-2.0
// The exporter's configuration: what the YAML file and the command line can say, with the defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/privacy.h"
#include "model/traffic.h"

namespace pdtt {

/// A mistake in the configuration; what() is one line: "FILE:LINE:COLUMN: what is wrong; remedy".
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct UidRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  ///< inclusive

  bool operator==(const UidRange&) const = default;
};

/// An address prefix in v4-mapped form: 10.0.0.0/8 has length 104.
struct Prefix {
  IpAddress address{};
  std::uint8_t length = 0;

  bool operator==(const Prefix&) const = default;
};

/// A named class of remote addresses; the longest prefix of all classes wins.
struct Network {
  std::string name;
  std::vector<Prefix> prefixes;

  bool operator==(const Network&) const = default;
};

enum class XdpMode { kAuto, kOff, kNative, kGeneric };
enum class SocketMode { kAuto, kOff, kTracepoint, kFentry, kKprobe };
enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

std::vector<Network> DefaultNetworks();

struct Config {
  std::vector<std::string> interfaces;          ///< XDP is attached to these and no others
  std::optional<std::filesystem::path> cgroup;  ///< unset: the root of the mounted cgroup2
  std::filesystem::path pin_path = "/sys/fs/bpf/pdtt";

  std::vector<std::string> exclude_users;  ///< names or decimal uids

  bool handover = true;
  bool subuid_to_owner = true;
  std::vector<UidRange> system_uids = {{1, 999}, {61184, 65519}, {65534, 65534}};

  std::vector<Network> networks = DefaultNetworks();

  std::size_t connections_export = 100;
  std::chrono::milliseconds connections_linger{60'000};

  std::size_t limit_accounts = 4096;
  std::size_t limit_connections = 65536;
  std::size_t limit_series = 20000;

  XdpMode xdp = XdpMode::kAuto;
  SocketMode socket = SocketMode::kAuto;

  std::chrono::milliseconds collector_max_age{1'000};

  std::optional<std::string> report_prefix;  ///< of files: PREFIX-USER.log
  std::chrono::milliseconds report_interval{10'000};
  bool report_console = false;

  bool records_journald = false;
  std::optional<std::string> records_file;
  std::uint64_t records_min_bytes = 0;

  std::vector<std::string> web_listen = {"127.0.0.1:10435"};
  std::vector<std::string> web_allow = {"127.0.0.0/8", "::1/128"};
  std::vector<std::string> web_local_users = {"root", "prometheus"};
  std::optional<std::filesystem::path> web_config_file;
  std::size_t web_max_requests = 40;  ///< 0: no limit

  Privacy privacy;

  bool persist = false;

  std::optional<std::string>
      user;  ///< to go on as after the start; unset: as the one who starts it

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;

  bool operator==(const Config&) const = default;
};

/// Reads and checks a configuration file. Throws ConfigError, or std::system_error if unreadable.
[[nodiscard]] Config LoadConfig(const std::filesystem::path& file);

}  // namespace pdtt
