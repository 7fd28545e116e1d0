// SPDX-License-Identifier: Apache-2.0
// A configuration file for the time of one test, and what loading it says.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "config/config.h"

namespace pdtt::test {

/// A directory of its own, removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "pdtt-config-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("mkdtemp failed");
    }
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::filesystem::path Write(std::string_view name, std::string_view content) const {
    std::filesystem::path file = path_ / name;
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  [[nodiscard]] const std::filesystem::path& Path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Config Load(std::string_view content) {
  const TemporaryDirectory directory;
  return LoadConfig(directory.Write("exporter.yml", content));
}

/// The error as "LINE:COLUMN: what is wrong; remedy", or "accepted".
inline std::string LoadError(std::string_view content, const TemporaryDirectory& directory = {}) {
  const std::filesystem::path file = directory.Write("exporter.yml", content);
  try {
    static_cast<void>(LoadConfig(file));
    return "accepted";
  } catch (const ConfigError& e) {
    const std::string message = e.what();
    const std::string place = file.string() + ':';
    return message.starts_with(place) ? message.substr(place.size()) : "no file: " + message;
  }
}

}  // namespace pdtt::test
