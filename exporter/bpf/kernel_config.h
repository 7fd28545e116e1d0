// SPDX-License-Identifier: Apache-2.0
// How the running kernel was built: the options of its .config.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pdtt {

/// Where nothing could be read every option is unknown, rather than off.
class KernelConfig {
 public:
  KernelConfig() = default;

  /// `text` is a .config, `origin` the file that it was read from.
  KernelConfig(std::string_view text, std::string origin);

  /// Empty if no configuration could be read.
  [[nodiscard]] const std::string& Origin() const { return origin_; }

  /// "y", "m" or a text; "n" for an option that is not set. `option` is without its CONFIG_.
  [[nodiscard]] std::optional<std::string> Value(std::string_view option) const;

  /// Known to be set, known not to be: of an unknown option neither is true.
  [[nodiscard]] bool Has(std::string_view option) const {
    return Value(option).value_or("n") != "n";
  }
  [[nodiscard]] bool Lacks(std::string_view option) const { return Value(option) == "n"; }

 private:
  std::string origin_;
  std::map<std::string, std::string, std::less<>> options_;
};

/// The first of these files that can be read, be it compressed or not.
[[nodiscard]] KernelConfig ReadKernelConfig(const std::vector<std::filesystem::path>& files);

}  // namespace pdtt
