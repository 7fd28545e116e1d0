// SPDX-License-Identifier: Apache-2.0
// What `pdtt-exporter top` was asked to do.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace pdtt {

struct TopOptions {
  std::string url = "http://127.0.0.1:10435";  ///< without a slash at the end
  std::optional<std::filesystem::path> ca_file;
  std::optional<std::filesystem::path> cert_file;  ///< this and key_file: both or none
  std::optional<std::filesystem::path> key_file;
  std::optional<std::string> user;  ///< this and password_file: both or none
  std::optional<std::filesystem::path> password_file;
  std::chrono::milliseconds interval{2'000};
  bool once = false;
  bool json = false;

  bool operator==(const TopOptions&) const = default;
};

}  // namespace pdtt
