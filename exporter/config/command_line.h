// SPDX-License-Identifier: Apache-2.0
// The command line: which command to run, and the configuration that file and flags add up to.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include "config/config.h"
#include "config/top_options.h"

namespace pdtt {

enum class Command { kRun, kCheckConfig, kDoctor, kDetach, kTop, kVersion, kHelp };

/// A wrong command line; what() is one line, the process exits with 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct CommandLine {
  Command command = Command::kRun;
  Config config;                      ///< kRun, kDoctor and kDetach: file, then flags on top
  std::filesystem::path config_file;  ///< of the same; empty if there is none
  bool json = false;                  ///< kDoctor: print JSON rather than a table
  TopOptions top;                     ///< kTop
  std::string text;  ///< kHelp and kVersion: what to print; kCheckConfig: the file's name
};

/// Parses the arguments (without the program's name) and loads the configuration file they name.
/// `default_file` is read if it exists and no --config.file is given. Throws UsageError,
/// ConfigError.
[[nodiscard]] CommandLine ParseCommandLine(std::span<const char* const> arguments,
                                           const std::filesystem::path& default_file);

}  // namespace pdtt
