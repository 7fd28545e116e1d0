// SPDX-License-Identifier: Apache-2.0
// The flags of `pdtt-exporter top`.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "config/top_options.h"

namespace pdtt {

class TopFlags {
 public:
  /// Adds the command and its flags.
  explicit TopFlags(CLI::App& app);

  [[nodiscard]] bool Given() const { return command_->parsed(); }

  [[nodiscard]] std::string Help() const;

  /// What they add up to. Throws ValueError, whose text begins with the flag's name.
  [[nodiscard]] TopOptions Options() const;

 private:
  CLI::App* command_;
  CLI::Option* url_;
  std::vector<CLI::Option*> options_;  ///< of each flag, in their order
};

}  // namespace pdtt
