// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

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

Config LoadConfig(const std::filesystem::path& file) {
  const std::string content = ReadFile(file);
  std::string source;
  try {
    source = NormalizeYaml(content);
    return ReadConfig(ParseYaml(source));
  } catch (const YamlError& e) {
    throw ConfigError(file.string() + ':' + YamlPlace(source, e.Offset()) + ": " + e.what());
  }
}

}  // namespace pdtt
