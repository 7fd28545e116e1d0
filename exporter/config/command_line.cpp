// SPDX-License-Identifier: Apache-2.0
#include "config/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "config/address.h"
#include "config/top_flags.h"
#include "config/values.h"
#include "version.h"

namespace pdtt {
namespace {

using Values = std::vector<std::string>;

struct Flag {
  const char* names;
  const char* value;  ///< what the help calls the value; empty for a switch
  bool repeatable;
  const char* description;
  void (*apply)(const Values& values, Config& config);
};

template <typename Parse>
Values ParseAll(const Values& texts, std::size_t most, Parse parse) {
  if (texts.size() > most) {
    throw ValueError("given " + std::to_string(texts.size()) + " times; at most " +
                     std::to_string(most) + " are possible");
  }
  Values values;
  for (const std::string& text : texts) {
    AddDistinct(values, parse(text), text);
  }
  return values;
}

constexpr const char* kConfigFile = "--config.file";

constexpr Flag kRunFlags[] = {
    {kConfigFile, "FILE", false,
     "Configuration file; flags override it\n(default: /etc/pdtt/exporter.yml if it exists)",
     [](const Values& /*values*/, Config& /*config*/) {}},
    {"-i,--interface", "NAME", true,
     "Count received frames of this interface with XDP; repeatable\n(default: none)",
     [](const Values& values, Config& config) {
       config.interfaces = ParseAll(values, kMostInterfaces, ParseInterface);
     }},
    {"--web.listen-address", "HOST:PORT", true,
     "Serve HTTP here; repeatable (default: 127.0.0.1:10435)",
     [](const Values& values, Config& config) {
       config.web_listen = ParseAll(values, kMostListenAddresses, ParseListenAddress);
     }},
    {"--web.local-user", "NAME", true,
     "User of this host who may connect, by name or uid; repeatable\n"
     "(default: root, prometheus)",
     [](const Values& values, Config& config) {
       config.web_local_users = ParseAll(values, kMostLocalUsers, ParseUser);
     }},
    {"--web.max-requests", "NUMBER", false,
     "Answer so many requests at the same time, others with 503;\n0 for no limit (default: 40)",
     [](const Values& values, Config& config) {
       config.web_max_requests = ParseNumber(values.front(), 0, kMostRequests);
     }},
    {"--web.config.file", "FILE", false,
     "TLS, passwords, headers and a rate limit for HTTP, in the\nformat of Prometheus' exporters "
     "(default: none of them)",
     [](const Values& values, Config& config) {
       config.web_config_file = ParseAbsolutePath(values.front());
     }},
    {"--cgroup", "PATH", false,
     "Count the sockets below this cgroup\n(default: auto, the root of the mounted cgroup2)",
     [](const Values& values, Config& config) { config.cgroup = ParseCgroup(values.front()); }},
    {"--pin-path", "DIR", false, "Where pinned BPF objects go (default: /sys/fs/bpf/pdtt)",
     [](const Values& values, Config& config) {
       config.pin_path = ParseAbsolutePath(values.front());
     }},
    {"-p,--report.prefix", "PATH", false,
     "Append each active user's report to PATH-<user>.log\n(default: no files)",
     [](const Values& values, Config& config) {
       config.report_prefix = ParseAbsolutePath(values.front()).string();
     }},
    {"-t,--interval", "DURATION", false, "Time from one report to the next (default: 10s)",
     [](const Values& values, Config& config) {
       // A plain number is seconds, as the original tracker takes it.
       const std::string& text = values.front();
       config.report_interval = ParseReportInterval(ToNumber(text) ? text + "s" : text);
     }},
    {"--report.console", "", false, "Write the reports to standard output too (default: off)",
     [](const Values& /*values*/, Config& config) { config.report_console = true; }},
    {"--records.file", "FILE", false,
     "Append a JSON line for each finished connection to FILE\n(default: none)",
     [](const Values& values, Config& config) {
       config.records_file = ParseAbsolutePath(values.front()).string();
     }},
    {"--persist", "", false,
     "Go on counting in the kernel when the exporter has ended, and\ntake over what an earlier one "
     "left (default: off)",
     [](const Values& /*values*/, Config& config) { config.persist = true; }},
    {"--no-persist", "", false, "Leave nothing in the kernel after the end (default)",
     [](const Values& /*values*/, Config& config) { config.persist = false; }},
    {"--user", "NAME", false,
     "Go on as this user once everything is attached\n(default: as the user who starts it)",
     [](const Values& values, Config& config) { config.user = ParseUser(values.front()); }},
    {"--log.level", "LEVEL", false, "debug, info, warn or error, on stderr (default: info)",
     [](const Values& values, Config& config) {
       config.log_level = ParseChoice<LogLevel>(values.front(), kLogLevels);
     }},
    {"--log.format", "FORMAT", false, "logfmt or json (default: logfmt)",
     [](const Values& values, Config& config) {
       config.log_format = ParseChoice<LogFormat>(values.front(), kLogFormats);
     }},
};

constexpr const char* kFooter =
    "Every flag of run is a key of the configuration file too, which can say more:\n"
    "see docs/configuration.md. Exit codes: 0 done, 1 failed, 2 wrong command line.";

/// The long name, which errors call the flag by.
std::string LongName(const Flag& flag) {
  const std::string_view names = flag.names;
  return std::string(names.substr(names.find("--")));
}

[[noreturn]] void Refuse(const std::string& problem) {
  throw UsageError(problem + "; see --help");
}

CLI::Option* AddOption(CLI::App& app, const Flag& flag) {
  const bool is_switch = *flag.value == '\0';
  CLI::Option* option = is_switch ? app.add_flag(flag.names)->disable_flag_override()
                                  : app.add_option(flag.names)->type_name(flag.value);
  if (flag.repeatable) {
    // One value per flag: more would swallow the command that may follow.
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->expected(1)
        ->allow_extra_args(false);
  }
  return option->description(flag.description)->group("Flags of run");
}

/// What the command line may hold, and after Parse() what it does hold. CLI11 ends here.
class Arguments {
 public:
  Arguments();

  void Parse(std::span<const char* const> arguments);

  [[nodiscard]] CommandLine Result(const std::filesystem::path& default_file) const;

 private:
  struct RunFlag {
    const Flag* flag;
    CLI::Option* option;
  };

  void RefuseUnusable() const;
  [[nodiscard]] std::string CheckedFile() const;
  [[nodiscard]] TopOptions MakeTopOptions() const;
  [[nodiscard]] std::filesystem::path ConfigFile(const std::filesystem::path& default_file) const;
  [[nodiscard]] Config MakeConfig(const std::filesystem::path& file) const;

  CLI::App app_{"Counts who moves how much data over which connections, for Prometheus."};
  CLI::Option* help_ = nullptr;
  CLI::Option* version_ = nullptr;
  CLI::App* check_config_ = nullptr;
  CLI::App* doctor_ = nullptr;
  CLI::Option* json_ = nullptr;
  CLI::App* detach_ = nullptr;
  std::optional<TopFlags> top_;
  CLI::Option* checked_file_ = nullptr;
  std::vector<RunFlag> run_flags_;
};

Arguments::Arguments() {
  app_.name("pdtt-exporter");
  app_.footer(kFooter);
  app_.set_help_flag();
  app_.get_formatter()->column_width(36);
  app_.get_formatter()->label("OPTIONS", "FLAGS");
  app_.get_formatter()->label("SUBCOMMAND", "COMMAND");
  // Collected, not refused by CLI11: its own message would repeat raw bytes of the argument.
  app_.allow_extras();
  app_.fallthrough();
  app_.require_subcommand(0, 1);

  help_ = AddOption(app_, {"-h,--help", "", false, "Print this and exit", nullptr});
  version_ =
      AddOption(app_, {"--version", "", false, "Print version and revision, and exit", nullptr});
  for (CLI::Option* option : {help_, version_}) {
    option->group("Flags");
  }
  for (const Flag& flag : kRunFlags) {
    run_flags_.push_back({&flag, AddOption(app_, flag)});
  }
  app_.add_subcommand("run", "Count and serve in the foreground; the default");
  check_config_ = app_.add_subcommand("check-config", "Check the configuration file FILE and exit");
  checked_file_ = check_config_->add_option("FILE");
  doctor_ =
      app_.add_subcommand("doctor",
                          "Say what this kernel and these privileges allow, and exit;\n--json says "
                          "it as JSON");
  json_ = doctor_->add_flag("--json")->disable_flag_override();
  detach_ =
      app_.add_subcommand("detach", "Remove all that --persist has left in the kernel, and exit");
  top_.emplace(app_);
  for (CLI::App* command : app_.get_subcommands({})) {
    command->group("Commands");
  }
}

void Arguments::Parse(std::span<const char* const> arguments) {
  // CLI11 takes them from the back.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app_.parse(std::move(reversed));
  } catch (const CLI::ParseError& e) {
    Refuse(Printable(e.what()));
  }
}

void Arguments::RefuseUnusable() const {
  for (const std::string& argument : app_.remaining(true)) {
    if (argument != "--") {
      Refuse(Quoted(argument) + " is not a flag or command");
    }
  }
  for (const auto& [flag, option] : run_flags_) {
    if (option->count() == 0) {
      continue;
    }
    if (check_config_->parsed()) {
      Refuse(LongName(*flag) + " is a flag of run; check-config takes a file only");
    }
    if (top_->Given()) {
      Refuse(LongName(*flag) + " is a flag of run, not of top");
    }
    // CLI11 takes the next flag for the value that was forgotten.
    const bool without_value = std::ranges::any_of(option->results(), [](const std::string& value) {
      return value.empty() || value.front() == '-';
    });
    if (*flag->value != '\0' && without_value) {
      Refuse(LongName(*flag) + " needs a value");
    }
  }
}

std::string Arguments::CheckedFile() const {
  if (checked_file_->count() == 0) {
    Refuse("check-config needs the file to check");
  }
  return checked_file_->results().front();
}

TopOptions Arguments::MakeTopOptions() const {
  try {
    return top_->Options();
  } catch (const ValueError& e) {
    Refuse(e.what());
  }
}

std::filesystem::path Arguments::ConfigFile(const std::filesystem::path& default_file) const {
  const CLI::Option* named_file = app_.get_option(kConfigFile);
  if (named_file->count() > 0) {
    return named_file->results().front();
  }
  // A file that is there but unreadable, or a dangling link, must not silently mean the defaults.
  std::error_code ignored;
  const bool is_there = std::filesystem::symlink_status(default_file, ignored).type() !=
                        std::filesystem::file_type::not_found;
  return is_there ? default_file : std::filesystem::path{};
}

Config Arguments::MakeConfig(const std::filesystem::path& file) const {
  Config config;
  if (!file.empty()) {
    config = LoadConfig(file);
  }
  for (const auto& [flag, option] : run_flags_) {
    try {
      if (option->count() > 0) {
        flag->apply(option->results(), config);
      }
    } catch (const ValueError& e) {
      Refuse(LongName(*flag) + ": " + e.what());
    }
  }
  return config;
}

CommandLine Arguments::Result(const std::filesystem::path& default_file) const {
  // Assigned one by one: where a later initializer throws, g++ 12 destroys a Config that was
  // initialized by braces twice.
  CommandLine line;
  if (help_->count() > 0) {
    line.command = Command::kHelp;
    // app_.help() would print the command's part only.
    line.text = top_->Given() ? top_->Help()
                              : app_.get_formatter()->make_help(&app_, app_.get_name(),
                                                                CLI::AppFormatMode::Normal);
    return line;
  }
  if (version_->count() > 0) {
    line.command = Command::kVersion;
    line.text =
        "pdtt-exporter " + std::string(kVersion) + " (revision " + std::string(kRevision) + ")\n";
    return line;
  }
  RefuseUnusable();
  if (check_config_->parsed()) {
    line.command = Command::kCheckConfig;
    line.text = CheckedFile();
    return line;
  }
  if (top_->Given()) {
    line.command = Command::kTop;
    line.top = MakeTopOptions();
    return line;
  }
  line.command = doctor_->parsed()   ? Command::kDoctor
                 : detach_->parsed() ? Command::kDetach
                                     : Command::kRun;
  line.json = json_->count() > 0;
  line.config_file = ConfigFile(default_file);
  line.config = MakeConfig(line.config_file);
  return line;
}

}  // namespace

CommandLine ParseCommandLine(std::span<const char* const> arguments,
                             const std::filesystem::path& default_file) {
  Arguments parsed;
  parsed.Parse(arguments);
  return parsed.Result(default_file);
}

}  // namespace pdtt
