// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <utility>

#include "config/config_keys.h"
#include "config/text_file.h"
#include "config/yaml_document.h"

namespace pdtt {

CheckedConfig CheckConfig(const std::filesystem::path& file) {
  const std::string content = ReadTextFile(file, "the configuration file", kYamlBytes);
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
