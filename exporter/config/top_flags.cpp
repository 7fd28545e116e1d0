// SPDX-License-Identifier: Apache-2.0
#include "config/top_flags.h"

#include <string>
#include <string_view>

#include "config/exporter_url.h"
#include "config/values.h"

namespace pdtt {
namespace {

constexpr std::chrono::milliseconds kShortestInterval{500};
constexpr std::chrono::milliseconds kLongestInterval{3'600'000};

constexpr const char* kDescription =
    "Shows in the terminal who moves how much right now, from a running exporter";

constexpr const char* kFooter =
    "The exporter is asked directly, never through a proxy. Keys are explained by the key ?.";

/// A file of this process's own user: relative paths are fine here.
std::filesystem::path ToFile(const std::string& text) {
  if (text.empty()) {
    throw ValueError("needs a file");
  }
  return text;
}

void CheckTogether(bool one, bool other, const char* names) {
  if (one != other) {
    throw ValueError(std::string(names) + " belong together; give both");
  }
}

void Check(const TopOptions& options) {
  CheckTogether(options.cert_file.has_value(), options.key_file.has_value(),
                "--cert-file and --key-file");
  CheckTogether(options.user.has_value(), options.password_file.has_value(),
                "--user and --password-file");
  if (options.json && !options.once) {
    throw ValueError("--json needs --once");
  }
  if (options.password_file && IsReadableOnTheWay(options.url)) {
    throw ValueError("the password would cross the network readable for others; use https://");
  }
}

struct Flag {
  const char* name;
  const char* value;  ///< what the help calls the value; empty for a switch
  const char* description;
  void (*apply)(const std::string& text, TopOptions& options);
};

constexpr Flag kFlags[] = {
    {"--interval", "DURATION", "Time from one look to the next (default: 2s)",
     [](const std::string& text, TopOptions& options) {
       options.interval = ParseDuration(text, kShortestInterval, kLongestInterval);
     }},
    {"--once", "", "Print one plain table and exit",
     [](const std::string& /*text*/, TopOptions& options) { options.once = true; }},
    {"--json", "", "With --once: print what the API says as one JSON object",
     [](const std::string& /*text*/, TopOptions& options) { options.json = true; }},
    {"--ca-file", "FILE", "Trust this CA instead of the system's",
     [](const std::string& text, TopOptions& options) { options.ca_file = ToFile(text); }},
    {"--cert-file", "FILE", "Client certificate, if the exporter asks for one",
     [](const std::string& text, TopOptions& options) { options.cert_file = ToFile(text); }},
    {"--key-file", "FILE", "Its private key",
     [](const std::string& text, TopOptions& options) { options.key_file = ToFile(text); }},
    {"--user", "NAME", "User of the exporter's basic_auth_users",
     [](const std::string& text, TopOptions& options) {
       if (text.empty() || text.find(':') != std::string::npos) {
         throw ValueError(Quoted(text) + " is not a user; use a name without ':'");
       }
       options.user = text;
     }},
    {"--password-file", "FILE", "File whose first line is the user's password",
     [](const std::string& text, TopOptions& options) { options.password_file = ToFile(text); }},
};

}  // namespace

TopFlags::TopFlags(CLI::App& app)
    : command_(app.add_subcommand(
          "top", std::string(kDescription) + ";\nits flags: pdtt-exporter top --help")),
      url_(command_->add_option("URL")) {
  url_->description("Where the exporter is (default: http://127.0.0.1:10435)")->expected(1);
  command_->footer(kFooter);
  for (const Flag& flag : kFlags) {
    CLI::Option* option = *flag.value == '\0'
                              ? command_->add_flag(flag.name)->disable_flag_override()
                              : command_->add_option(flag.name)->type_name(flag.value);
    option->description(flag.description)->group("Flags");
    options_.push_back(option);
  }
}

std::string TopFlags::Help() const {
  std::string text = std::string(kDescription) + "\nUsage: pdtt-exporter top [FLAGS] [URL]\n\n";
  const auto row = [&text](std::string name, std::string_view description) {
    constexpr std::size_t kColumn = 28;
    name.resize(std::max(name.size() + 1, kColumn), ' ');
    text.append("  ").append(name).append(description).append("\n");
  };
  row("URL", url_->get_description());
  text += "\nFlags:\n";
  for (const Flag& flag : kFlags) {
    row(std::string(flag.name) + ' ' + flag.value, flag.description);
  }
  row("-h,--help", "Print this and exit");
  return text + '\n' + kFooter + '\n';
}

TopOptions TopFlags::Options() const {
  TopOptions options;
  if (url_->count() > 0) {
    options.url = ParseExporterUrl(url_->results().front());
  }
  for (std::size_t i = 0; i < options_.size(); ++i) {
    if (options_[i]->count() == 0) {
      continue;
    }
    const Flag& flag = kFlags[i];
    const std::string text = options_[i]->results().front();
    const bool takes_value = *flag.value != '\0';
    // CLI11 takes the next flag for the value that was forgotten.
    if (takes_value && (text.empty() || text.front() == '-')) {
      throw ValueError(std::string(flag.name) + " needs a value");
    }
    try {
      flag.apply(text, options);
    } catch (const ValueError& e) {
      throw ValueError(std::string(flag.name) + ": " + e.what());
    }
  }
  Check(options);
  return options;
}

}  // namespace pdtt
