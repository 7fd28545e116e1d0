// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include "config/config_keys.h"
#include "config/text_file.h"
#include "config/yaml_document.h"

namespace pdtt {

Config LoadConfig(const std::filesystem::path& file) {
  const std::string content = ReadTextFile(file, "the configuration file", kYamlBytes);
  std::string source;
  try {
    source = NormalizeYaml(content);
    return ReadConfig(ParseYaml(source));
  } catch (const YamlError& e) {
    throw ConfigError(file.string() + ':' + YamlPlace(source, e.Offset()) + ": " + e.what());
  }
}

}  // namespace pdtt
