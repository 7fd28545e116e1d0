// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "config/config_keys.h"
#include "config/yaml_document.h"

namespace pdtt {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};

[[noreturn]] void RefuseFile(const std::filesystem::path& file) {
  const int error = errno;
  throw std::system_error(error, std::system_category(),
                          "cannot read the configuration file " + file.string());
}

/// Reads one byte more than is allowed, so that a device without an end is refused, not read.
std::string ReadFile(const std::filesystem::path& file) {
  const std::unique_ptr<std::FILE, FileCloser> stream(std::fopen(file.c_str(), "re"));
  if (!stream) {
    RefuseFile(file);
  }
  std::string content(kYamlBytes + 1, '\0');
  content.resize(std::fread(content.data(), 1, content.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) {
    RefuseFile(file);  // a directory can be opened, but not read
  }
  return content;
}

}  // namespace

CheckedConfig CheckConfig(const std::filesystem::path& file) {
  const std::string content = ReadFile(file);
  std::string source;
  const auto line = [&](const YamlError& e) {
    return file.string() + ':' + YamlPlace(source, e.Offset()) + ": " + e.what();
  };
  try {
    source = NormalizeYaml(content);
    const ConfigDraft draft = ReadConfig(ParseYaml(source));
    CheckedConfig checked;
    checked.config = draft;
    for (const YamlError& setting : draft.not_available) {
      checked.not_available.push_back(line(setting));
    }
    return checked;
  } catch (const YamlError& e) {
    throw ConfigError(line(e));
  }
}

Config LoadConfig(const std::filesystem::path& file) {
  CheckedConfig checked = CheckConfig(file);
  if (!checked.not_available.empty()) {
    throw ConfigError(checked.not_available.front());
  }
  return std::move(checked.config);
}

}  // namespace pdtt
