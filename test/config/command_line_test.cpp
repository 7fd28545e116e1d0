// SPDX-License-Identifier: Apache-2.0
#include "config/command_line.h"

#include <catch2/catch.hpp>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "config_file.h"
#include "version.h"

namespace pdtt {
namespace {

using Words = std::vector<std::string>;

struct Case {
  Words words;
  std::string text;
};

CommandLine Parse(const Words& words, const std::filesystem::path& default_file = {}) {
  std::vector<const char*> arguments;
  for (const std::string& word : words) {
    arguments.push_back(word.c_str());
  }
  return ParseCommandLine(arguments, default_file);
}

/// The usage error, or "accepted".
std::string UsageErrorOf(const Words& words) {
  try {
    static_cast<void>(Parse(words));
    return "accepted";
  } catch (const UsageError& e) {
    return e.what();
  }
}

TEST_CASE("Without arguments the exporter runs with the defaults") {
  const Words words = GENERATE(Words{}, Words{"run"}, Words{"run", "--no-persist"}, Words{"--"});
  const CommandLine line = Parse(words);
  CHECK(line.command == Command::kRun);
  CHECK(line.config == Config{});
}

TEST_CASE("Every flag sets its field, in both spellings, before and after the command") {
  const Words words = GENERATE(
      Words{"--cgroup=/c", "--pin-path=/p", "--log.level=debug", "--log.format=json", "-i", "eth0",
            "--interface=eth1", "--web.listen-address=[::1]:1", "--web.listen-address=0.0.0.0:2",
            "--report.prefix=/r", "--interval=5s", "--report.console", "--records.file=/j"},
      Words{"run",
            "--cgroup",
            "/c",
            "--pin-path",
            "/p",
            "--log.level",
            "debug",
            "--log.format",
            "json",
            "-ieth0",
            "--interface",
            "eth1",
            "--web.listen-address",
            "[::1]:1",
            "--web.listen-address",
            "0.0.0.0:2",
            "-p/r",
            "-t5s",
            "--report.console",
            "--records.file",
            "/j"},
      Words{"-i",
            "eth0",
            "-i",
            "eth1",
            "--web.listen-address",
            "[::1]:1",
            "--web.listen-address",
            "0.0.0.0:2",
            "-p",
            "/r",
            "-t",
            "5s",
            "--records.file=/j",
            "run",
            "--report.console",
            "--cgroup",
            "/c",
            "--pin-path=/p",
            "--log.level=debug",
            "--log.format",
            "json"});
  const CommandLine line = Parse(words);
  CHECK(line.command == Command::kRun);
  CHECK(line.config.interfaces == Words{"eth0", "eth1"});
  CHECK(line.config.web_listen == Words{"[::1]:1", "0.0.0.0:2"});
  CHECK(line.config.cgroup == "/c");
  CHECK(line.config.pin_path == "/p");
  CHECK(line.config.report_prefix == "/r");
  CHECK(line.config.report_interval == std::chrono::seconds{5});
  CHECK(line.config.report_console);
  CHECK(line.config.records_file == "/j");
  CHECK(line.config.log_level == LogLevel::kDebug);
  CHECK(line.config.log_format == LogFormat::kJson);
}

TEST_CASE("The interval may be a plain number of seconds") {
  const auto [text, interval] = GENERATE(values<std::pair<std::string, int>>(
      {{"10", 10}, {"1", 1}, {"3600", 3600}, {"10s", 10}, {"2m", 120}}));
  CHECK(Parse({"-t", text}).config.report_interval == std::chrono::seconds{interval});
  CHECK(Parse({"--interval=" + text}).config.report_interval == std::chrono::seconds{interval});
}

TEST_CASE("Flags override the file and leave the rest of it alone") {
  const test::TemporaryDirectory directory;
  const std::string file = directory.Write("e.yml",
                                           "interfaces: [eth0, eth1]\n"
                                           "cgroup: /from/file\n"
                                           "limits: {accounts: 99}\n"
                                           "web: {listen: ['127.0.0.1:1', '127.0.0.1:2']}\n");
  const Words command = GENERATE(Words{"run"}, Words{"doctor"});
  Words words = {"--config.file=" + file, "-i", "eth9", "--web.listen-address=127.0.0.1:3",
                 "--cgroup=auto"};
  words.insert(words.begin(), command.begin(), command.end());
  const CommandLine line = Parse(words);
  CHECK(line.command == (command.front() == "run" ? Command::kRun : Command::kDoctor));
  CHECK(line.config.interfaces == Words{"eth9"});
  CHECK(line.config.web_listen == Words{"127.0.0.1:3"});
  CHECK(line.config.cgroup == std::nullopt);
  CHECK(line.config.limit_accounts == 99);
}

TEST_CASE("The default file is read if it exists and no other is named") {
  const test::TemporaryDirectory directory;
  const std::filesystem::path file = directory.Write("default.yml", "limits: {accounts: 99}\n");
  const std::string other = directory.Write("other.yml", "limits: {series: 999}\n");
  CHECK(Parse({}, file).config.limit_accounts == 99);
  CHECK(Parse({}, directory.Path() / "absent.yml").config == Config{});
  const Config named = Parse({"--config.file", other}, file).config;
  CHECK(named.limit_accounts == Config{}.limit_accounts);
  CHECK(named.limit_series == 999);
}

TEST_CASE("A default file that is there but can't be read is an error, not the defaults") {
  const test::TemporaryDirectory directory;
  const std::filesystem::path link = directory.Path() / "link.yml";
  std::filesystem::create_symlink("nowhere", link);
  CHECK_THROWS_AS(Parse({}, link), std::system_error);
  CHECK_THROWS_AS(Parse({}, directory.Path()), std::system_error);
  CHECK_THROWS_AS(Parse({}, directory.Write("bad.yml", "nonsense: 1\n")), ConfigError);
}

TEST_CASE("A named file that is absent is an error") {
  CHECK_THROWS_WITH(Parse({"--config.file=/nowhere/e.yml"}),
                    "cannot read the configuration file /nowhere/e.yml: No such file or directory");
}

TEST_CASE("doctor answers in JSON if it is asked to, and no other command does") {
  CHECK_FALSE(Parse({"doctor"}).json);
  for (const Words& words : {Words{"doctor", "--json"}, Words{"doctor", "--cgroup=/c", "--json"},
                             Words{"--cgroup=/c", "doctor", "--json"}}) {
    const CommandLine line = Parse(words);
    CHECK(line.command == Command::kDoctor);
    CHECK(line.json);
    CHECK(line.config.cgroup ==
          (words.size() > 2 ? std::optional<std::string>{"/c"} : std::nullopt));
  }
  for (const Words& words : {Words{"--json"}, Words{"run", "--json"}, Words{"--json", "doctor"}}) {
    CHECK(UsageErrorOf(words) == "\"--json\" is not a flag or command; see --help");
  }
}

TEST_CASE("check-config takes the file's name and reads no other file") {
  const test::TemporaryDirectory directory;
  const std::filesystem::path bad = directory.Write("bad.yml", "nonsense: 1\n");
  const CommandLine line = Parse({"check-config", "some.yml"}, bad);
  CHECK(line.command == Command::kCheckConfig);
  CHECK(line.text == "some.yml");
  CHECK(Parse({"check-config", "--", "--some.yml"}).text == "--some.yml");
}

TEST_CASE("The version is printed with the revision, whatever the file says") {
  const test::TemporaryDirectory directory;
  const CommandLine line = Parse({"--version"}, directory.Write("bad.yml", "nonsense: 1\n"));
  CHECK(line.command == Command::kVersion);
  CHECK(line.text ==
        "pdtt-exporter " + std::string(kVersion) + " (revision " + std::string(kRevision) + ")\n");
  CHECK_FALSE(kVersion.empty());
  CHECK_FALSE(kRevision.empty());
}

TEST_CASE("The help names every command and flag with its default, and nothing that is missing") {
  const Words words = GENERATE(Words{"--help"}, Words{"-h"}, Words{"run", "--help"},
                               Words{"check-config", "--help"}, Words{"detach", "--help"});
  const CommandLine line = Parse(words);
  CHECK(line.command == Command::kHelp);
  for (const char* expected : {"run",
                               "check-config",
                               "doctor",
                               "--json",
                               "--help",
                               "--version",
                               "--config.file FILE",
                               "-i,--interface NAME",
                               "--web.listen-address HOST:PORT",
                               "127.0.0.1:10435",
                               "--web.local-user NAME",
                               "default: root, prometheus",
                               "--web.max-requests NUMBER",
                               "default: 40",
                               "--cgroup PATH",
                               "default: auto",
                               "--pin-path DIR",
                               "/sys/fs/bpf/pdtt",
                               "-p,--report.prefix PATH",
                               "-t,--interval DURATION",
                               "default: 10s",
                               "--report.console",
                               "--records.file FILE",
                               "--web.config.file FILE",
                               "--persist",
                               "--no-persist",
                               "--user NAME",
                               "detach",
                               "top",
                               "--log.level LEVEL",
                               "default: info",
                               "--log.format FORMAT",
                               "default: logfmt",
                               "/etc/pdtt/exporter.yml"}) {
    CHECK_THAT(line.text, Catch::Contains(expected));
  }
}

TEST_CASE("The user to go on as can be named") {
  CHECK(Parse({}).config.user == std::nullopt);
  CHECK(Parse({"--user=pdtt"}).config.user == "pdtt");
}

TEST_CASE("The users who may connect from this host are names or uids, each once") {
  CHECK(Parse({"--web.local-user", "root", "--web.local-user=1000"}).config.web_local_users ==
        std::vector<std::string>{"root", "1000"});
  CHECK(Parse({}).config.web_local_users == std::vector<std::string>{"root", "prometheus"});
  CHECK(UsageErrorOf({"--web.local-user=root", "--web.local-user=root"}) ==
        "--web.local-user: \"root\" is listed twice; remove one of them; see --help");
  CHECK_THAT(UsageErrorOf({"--web.local-user=a:b"}), Catch::Contains("--web.local-user: "));
}

TEST_CASE("The number of requests at the same time has bounds, and 0 means none") {
  CHECK(Parse({"--web.max-requests=7"}).config.web_max_requests == 7);
  CHECK(Parse({"--web.max-requests", "0"}).config.web_max_requests == 0);
  CHECK_THAT(UsageErrorOf({"--web.max-requests=1001"}), Catch::Contains("--web.max-requests: "));
}

TEST_CASE("The web configuration file can be named") {
  CHECK(Parse({"--web.config.file=/etc/pdtt/web.yml"}).config.web_config_file ==
        "/etc/pdtt/web.yml");
  CHECK_THAT(UsageErrorOf({"--web.config.file=web.yml"}),
             Catch::Contains("--web.config.file: \"web.yml\" is not an absolute path"));
}

TEST_CASE("What persists can be switched on, off again, and removed") {
  CHECK(Parse({"--persist"}).config.persist);
  CHECK_FALSE(Parse({"run", "--no-persist"}).config.persist);
  const CommandLine line = Parse({"detach", "--pin-path=/sys/fs/bpf/other"});
  CHECK(line.command == Command::kDetach);
  CHECK(line.config.pin_path == "/sys/fs/bpf/other");
}

TEST_CASE("A wrong command line is refused in one line that names the way to the help") {
  const auto [words, error] = GENERATE(values<Case>(
      {{{"--nonsense"}, "\"--nonsense\" is not a flag or command"},
       {{"-x"}, "\"-x\" is not a flag or command"},
       {{"nonsense"}, "\"nonsense\" is not a flag or command"},
       {{"run", "doctor"}, "\"doctor\" is not a flag or command"},
       {{"run", "x"}, "\"x\" is not a flag or command"},
       {{""}, "\"\" is not a flag or command"},
       {{"--web.listen", "127.0.0.1:1"}, "\"--web.listen\" is not a flag or command"},
       {{"a\nb"}, "\"a\\x0ab\" is not a flag or command"},
       {{"-i", "eth0", "eth1"}, "\"eth1\" is not a flag or command"},
       {{"check-config"}, "check-config needs the file to check"},
       {{"check-config", "a", "b"}, "\"b\" is not a flag or command"},
       {{"check-config", "--cgroup=/c", "a"},
        "--cgroup is a flag of run; check-config takes a file only"},
       {{"--cgroup"}, "--cgroup: 1 required PATH missing"},
       {{"--cgroup="}, "--cgroup: 1 required PATH missing"},
       {{"--cgroup", ""}, "--cgroup needs a value"},
       {{"--cgroup", "--no-persist"}, "--cgroup needs a value"},
       {{"--config.file", "-i"}, "--config.file needs a value"},
       {{"--cgroup=/a", "--cgroup=/b"}, "--cgroup: At Most 1 required but received 2"},
       {{"--no-persist=false"}, "no-persist was given a disallowed flag override"},
       {{"--cgroup=c"}, "--cgroup: \"c\" is not a cgroup; use auto or an absolute path"},
       {{"--pin-path=p"}, "--pin-path: \"p\" is not an absolute path; start it with /"},
       {{"-p", "r"}, "--report.prefix: \"r\" is not an absolute path; start it with /"},
       {{"-t", "0s"}, "--interval: \"0s\" is out of range; use 1s to 1h"},
       {{"-t", "0"}, "--interval: \"0s\" is out of range; use 1s to 1h"},
       {{"-t", "3601"}, "--interval: \"3601s\" is out of range; use 1s to 1h"},
       {{"-t", "010"},
        "--interval: \"010\" is not a duration; write a whole number and ms, s, m or h, such as "
        "10s"},
       {{"--log.level=loud"},
        "--log.level: \"loud\" is not known here; use one of debug, info, warn, error"},
       {{"--log.format=xml"}, "--log.format: \"xml\" is not known here; use one of logfmt, json"},
       {{"-i", "a/b"},
        "--interface: \"a/b\" is not an interface's name; use 1 to 15 characters without blank, "
        "'/' or ':'"},
       {{"-i", "[a,b]", "-i", "[a,b]"},
        "--interface: \"[a,b]\" is listed twice; remove one of them"},
       {{"--web.listen-address=127.0.0.1"},
        "--web.listen-address: \"127.0.0.1\" has no port; write HOST:PORT, such as "
        "127.0.0.1:10435"}}));
  CHECK(UsageErrorOf(words) == error + "; see --help");
}

TEST_CASE("At most 16 interfaces can be given") {
  Words words;
  for (int i = 0; i < 16; ++i) {
    words.push_back("-ieth" + std::to_string(i));
  }
  CHECK(Parse(words).config.interfaces.size() == 16);
  words.emplace_back("-ieth16");
  CHECK(UsageErrorOf(words) == "--interface: given 17 times; at most 16 are possible; see --help");
}

}  // namespace
}  // namespace pdtt
