// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <catch2/catch.hpp>
#include <string>
#include <system_error>

#include "config_file.h"

namespace pdtt {
namespace {

using std::chrono::milliseconds;
using test::Load;
using test::LoadError;

TEST_CASE("An empty file, a comment and empty sections mean the defaults") {
  const std::string yaml =
      GENERATE("", "\n", "# nothing\n", "---\n", "{}\n", "users:\nweb:\nlog:\n",
               "limits:\n  # accounts: 1\n", "persist: false\n",
               "layers: {socket: auto, xdp: auto}\n", "report: {interval: 10s, console: false}\n",
               "records: {journald: false, min_bytes: 0}\n", "~\n");
  CHECK(Load(yaml) == Config{});
}

TEST_CASE("Every key of a file reaches its field") {
  const Config config = Load(
      "interfaces: [eth0, eth1]\n"
      "cgroup: /sys/fs/cgroup/unified\n"
      "pin_path: /run/pins\n"
      "users: {exclude: [root, 1000]}\n"
      "attribution: {handover: false, system_uids: [1-99, 65534], subuid_to_owner: false}\n"
      "networks: {all: [0.0.0.0/0, '::/0']}\n"
      "connections: {export: 0, linger: 2m}\n"
      "limits: {accounts: 8, connections: 64, series: 100}\n"
      "layers: {xdp: generic, socket: tracepoint}\n"
      "collector: {max_age: 100ms}\n"
      "report: {prefix: /var/log/pdtt/p, interval: 1h, console: true}\n"
      "records: {file: /var/log/r.jsonl, journald: true, min_bytes: 9223372036854775807}\n"
      "web:\n"
      "  listen: [0.0.0.0:80, '[::]:0']\n"
      "  allow: [192.0.2.0/24]\n"
      "user: pdtt\n"
      "privacy: {hide_remote_addresses: true, uids_only: true}\n"
      "log: {level: debug, format: json}\n");
  CHECK(config.interfaces == std::vector<std::string>{"eth0", "eth1"});
  CHECK(config.cgroup == "/sys/fs/cgroup/unified");
  CHECK(config.pin_path == "/run/pins");
  CHECK(config.exclude_users == std::vector<std::string>{"root", "1000"});
  CHECK_FALSE(config.handover);
  CHECK(config.system_uids == std::vector<UidRange>{{1, 99}, {65534, 65534}});
  CHECK_FALSE(config.subuid_to_owner);
  CHECK(config.networks.size() == 1);
  CHECK(config.connections_export == 0);
  CHECK(config.connections_linger == milliseconds{120'000});
  CHECK(config.limit_accounts == 8);
  CHECK(config.limit_connections == 64);
  CHECK(config.limit_series == 100);
  CHECK(config.xdp == XdpMode::kGeneric);
  CHECK(config.socket == SocketMode::kTracepoint);
  CHECK(config.collector_max_age == milliseconds{100});
  CHECK(config.user == "pdtt");
  CHECK(config.report_prefix == "/var/log/pdtt/p");
  CHECK(config.report_interval == milliseconds{3'600'000});
  CHECK(config.report_console);
  CHECK(config.records_file == "/var/log/r.jsonl");
  CHECK(config.records_journald);
  CHECK(config.records_min_bytes == 9'223'372'036'854'775'807U);
  CHECK(config.web_listen == std::vector<std::string>{"0.0.0.0:80", "[::]:0"});
  CHECK(config.web_allow == std::vector<std::string>{"192.0.2.0/24"});
  CHECK(config.privacy == Privacy{true, false, true});
  CHECK(Load("privacy: {hide_connections: true}\n").privacy == Privacy{false, true, false});
  CHECK(config.log_level == LogLevel::kDebug);
  CHECK(config.log_format == LogFormat::kJson);
}

TEST_CASE("Keys that are not known are refused with the nearest one or all") {
  const auto [yaml, error] = GENERATE(table<std::string, std::string>(
      {{"interface: [eth0]\n", "1:1: unknown key \"interface\"; did you mean \"interfaces\"?"},
       {"\n\n  Cgroup: auto\n", "3:3: unknown key \"Cgroup\"; did you mean \"cgroup\"?"},
       {"limits:\n  acounts: 5\n",
        "2:3: limits: unknown key \"acounts\"; did you mean \"accounts\"?"},
       {"users: {exclude: [], include: []}\n",
        "1:22: users: unknown key \"include\"; did you mean \"exclude\"?"},
       {"web:\n  listen: [127.0.0.1:1]\n  tls: true\n",
        "3:3: web: unknown key \"tls\"; known here: listen, allow, local_users, "
        "max_requests, config_file"},
       {"log: {<<: 1}\n", "1:7: log: unknown key \"<<\"; known here: level, format"},
       {"log: {\"a\\tb\": 1}\n", "1:7: log: unknown key \"a\\x09b\"; known here: level, format"}}));
  CHECK(LoadError(yaml) == error);
}

TEST_CASE("Values that can't be used are refused with place and remedy") {
  const auto [yaml, error] = GENERATE(table<std::string, std::string>(
      {{"a:b\n", "1:1: not a section; write keys and values, such as \"interfaces: ...\""},
       {"- a\n", "1:1: not a section; write keys and values, such as \"interfaces: ...\""},
       {"limits: 5\n",
        "1:9: limits: not a section; write keys and values, such as \"accounts: ...\""},
       {"limits: [5]\n",
        "1:9: limits: not a section; write keys and values, such as \"accounts: ...\""},
       {"interfaces: eth0\n",
        "1:13: interfaces: not a list; write it in brackets, such as [one, two]"},
       {"interfaces:\n", "1:1: interfaces: not a list; write it in brackets, such as [one, two]"},
       {"interfaces: [eth0, eth0]\n",
        "1:20: interfaces: \"eth0\" is listed twice; remove one of them"},
       {"interfaces: [eth0, {a: 1}]\n",
        "1:20: interfaces: a section where one value is wanted; write the value alone"},
       {"interfaces:\n  - eth0\n  -\n", "2:3: interfaces: no value; give one or remove its place"},
       {"interfaces: [a/b]\n",
        "1:14: interfaces: \"a/b\" is not an interface's name; use 1 to 15 characters without "
        "blank, '/' or ':'"},
       {"interfaces: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q]\n",
        "1:13: interfaces: a list of 17; give 0 to 16 items"},
       {"cgroup: [a]\n",
        "1:9: cgroup: a list where one value is wanted; remove the brackets or dashes"},
       {"cgroup: user.slice\n",
        "1:9: cgroup: \"user.slice\" is not a cgroup; use auto or an absolute path"},
       {"cgroup:\n", "1:1: cgroup: no value; give one or remove its place"},
       {"pin_path: pins\n", "1:11: pin_path: \"pins\" is not an absolute path; start it with /"},
       {"users: {exclude: [a b]}\n",
        "1:19: users.exclude: \"a b\" is not a user's name; use a name or a decimal uid"},
       {"attribution: {handover: yes}\n",
        "1:25: attribution.handover: \"yes\" is neither true nor false; use one of these"},
       {"attribution: {handover: 'true'}\n",
        "1:25: attribution.handover: \"true\" is text where true or false is wanted; remove the "
        "quotes"},
       {"attribution: {subuid_to_owner: 1}\n",
        "1:32: attribution.subuid_to_owner: \"1\" is neither true nor false; use one of these"},
       {"attribution:\n  system_uids: [1-999, 9-1]\n",
        "2:24: attribution.system_uids: \"9-1\" is not a range of uids; use FIRST-LAST, FIRST not "
        "above LAST, at most 4294967294"},
       {"connections: {export: -1}\n",
        "1:23: connections.export: \"-1\" is not a number in range; use a whole number from 0 to "
        "1000000"},
       {"connections: {export: \"5\"}\n",
        "1:23: connections.export: \"5\" is text where a number is wanted; remove the quotes"},
       {"connections: {linger: 60}\n",
        "1:23: connections.linger: \"60\" is not a duration; write a whole number and ms, s, m or "
        "h, such as 10s"},
       {"connections: {linger: 61m}\n",
        "1:23: connections.linger: \"61m\" is out of range; use 0h to 1h"},
       {"limits: {accounts: 7}\n",
        "1:20: limits.accounts: \"7\" is not a number in range; use a whole number from 8 to "
        "1048576"},
       {"limits: {accounts: 1048577}\n",
        "1:20: limits.accounts: \"1048577\" is not a number in range; use a whole number from 8 to "
        "1048576"},
       {"limits: {connections: 63}\n",
        "1:23: limits.connections: \"63\" is not a number in range; use a whole number from 64 to "
        "4194304"},
       {"limits: {connections: 4194305}\n",
        "1:23: limits.connections: \"4194305\" is not a number in range; use a whole number from "
        "64 to 4194304"},
       {"limits: {series: 99}\n",
        "1:18: limits.series: \"99\" is not a number in range; use a whole number from 100 to "
        "10000000"},
       {"limits: {series: 10000001}\n",
        "1:18: limits.series: \"10000001\" is not a number in range; use a whole number from 100 "
        "to 10000000"},
       {"layers: {xdp: fast}\n",
        "1:15: layers.xdp: \"fast\" is not known here; use one of auto, off, native, generic"},
       {"layers: {socket: native}\n",
        "1:18: layers.socket: \"native\" is not known here; use one of auto, off, tracepoint, "
        "fentry, kprobe"},
       {"collector: {max_age: 99ms}\n",
        "1:22: collector.max_age: \"99ms\" is out of range; use 100ms to 1h"},
       {"collector: {max_age: 3601s}\n",
        "1:22: collector.max_age: \"3601s\" is out of range; use 100ms to 1h"},
       {"report: {prefix: log/pdtt}\n",
        "1:18: report.prefix: \"log/pdtt\" is not an absolute path; start it with /"},
       {"report: {interval: 999ms}\n",
        "1:20: report.interval: \"999ms\" is out of range; use 1s to 1h"},
       {"report: {file: /x}\n",
        "1:10: report: unknown key \"file\"; known here: prefix, interval, console"},
       {"records: {file: r.jsonl}\n",
        "1:17: records.file: \"r.jsonl\" is not an absolute path; start it with /"},
       {"records: {min_bytes: 1k}\n",
        "1:22: records.min_bytes: \"1k\" is not a number in range; use a whole number from 0 to "
        "9223372036854775807"},
       {"web: {listen: []}\n", "1:15: web.listen: a list of 0; give 1 to 16 items"},
       {"web: {listen: [999.1.1.1:19101]}\n",
        "1:16: web.listen: \"999.1.1.1:19101\" has no usable host; use an IPv4 address, an IPv6 "
        "address in brackets or localhost (0.0.0.0 is every IPv4 address)"},
       {"web: {listen: [[::1]:10435]}\n",
        "1:16: not a key; write \"key: value\", and quote text that holds brackets or colons"},
       {"web: {allow: []}\n", "1:14: web.allow: a list of 0; give 1 to 256 items"},
       {"web: {allow: [10.1.2.3/8]}\n",
        "1:15: web.allow: \"10.1.2.3/8\" has bits set beyond its length; write 10.0.0.0/8"},
       {"log: {level: verbose}\n",
        "1:14: log.level: \"verbose\" is not known here; use one of debug, info, warn, error"},
       {"log: {format: text}\n",
        "1:15: log.format: \"text\" is not known here; use one of logfmt, json"},
       {"persist: 0\n", "1:10: persist: \"0\" is neither true nor false; use one of these"}}));
  CHECK(LoadError(yaml) == error);
}

TEST_CASE("The web configuration file is named by an absolute path") {
  CHECK(Load("web: {config_file: /etc/pdtt/web.yml}\n").web_config_file == "/etc/pdtt/web.yml");
  CHECK_FALSE(Config{}.web_config_file);
  CHECK(LoadError("web: {config_file: web.yml}\n") ==
        "1:20: web.config_file: \"web.yml\" is not an absolute path; start it with /");
  CHECK_THAT(LoadError("web: {config_file: []}\n"), Catch::Contains("a list where one value"));
}

TEST_CASE("The first mistake of a file is the one that is reported") {
  CHECK_THAT(LoadError("log: {level: x}\nlimits: {series: 1}\n"), Catch::StartsWith("1:14: "));
  CHECK_THAT(LoadError("limits: {series: 1}\nlog: {level: x}\n"), Catch::StartsWith("1:18: "));
}

TEST_CASE("A file that can't be read is named with the reason") {
  const test::TemporaryDirectory directory;
  CHECK_THROWS_AS(LoadConfig(directory.Path()), std::system_error);
  CHECK_THROWS_WITH(
      LoadConfig(directory.Path()),
      "cannot read the configuration file " + directory.Path().string() + ": Is a directory");
  CHECK_THROWS_WITH(LoadConfig(directory.Path() / "absent.yml"),
                    "cannot read the configuration file " + directory.Path().string() +
                        "/absent.yml: No such file or directory");
}

TEST_CASE("A device without an end is refused") {
  CHECK_THROWS_WITH(LoadConfig("/dev/zero"),
                    "/dev/zero:1:1: larger than 1 MiB; a configuration needs far less");
}

}  // namespace
}  // namespace pdtt
