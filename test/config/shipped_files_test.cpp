// SPDX-License-Identifier: Apache-2.0
// The default file and the documentation say what the code does.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/web_config.h"
#include "config_file.h"

namespace pdtt {
namespace {

const std::filesystem::path source_tree = PDTT_SOURCE_DIR;

std::string Content(const std::filesystem::path& file) {
  std::ifstream stream(file);
  REQUIRE(stream.is_open());
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The keys that a section knows, from the error about one that it doesn't; none if it is a value.
std::vector<std::string> KnownKeys(const std::string& section) {
  const std::string nonsense = "{nonsense-nonsense: 1}\n";
  const std::string error = test::LoadError(section.empty() ? nonsense : section + ": " + nonsense);
  const std::string introduction = "known here: ";
  const std::size_t list = error.find(introduction);
  std::vector<std::string> keys;
  if (list != std::string::npos) {
    std::istringstream names(error.substr(list + introduction.size()));
    for (std::string name; std::getline(names >> std::ws, name, ',');) {
      keys.push_back(name);
    }
  }
  return keys;
}

TEST_CASE("The shipped configuration file means the defaults") {
  CHECK(LoadConfig(source_tree / "config" / "exporter.yml") == Config{});
}

TEST_CASE("The shipped configuration file and the documentation hold every key") {
  const std::string shipped = Content(source_tree / "config" / "exporter.yml");
  const std::string documentation = Content(source_tree / "docs" / "configuration.md");
  const std::vector<std::string> sections = KnownKeys("");
  REQUIRE(sections.size() > 10);
  for (const std::string& section : sections) {
    CAPTURE(section);
    if (section == "persist") {  // a flag's matter; the package sets it
      CHECK_THAT(shipped, !Catch::Contains('\n' + section + ':'));
      CHECK_THAT(documentation, Catch::Contains("\n| `" + section));
      continue;
    }
    const std::string prefix = section == "user" ? "\n# " : "\n";  // which has no default
    CHECK_THAT(shipped, Catch::Contains(prefix + section + ':'));
    const std::vector<std::string> keys = KnownKeys(section);
    if (keys.empty()) {
      CHECK_THAT(documentation, Catch::Contains("| `" + section + "` |"));
    }
    for (const std::string& key : keys) {
      CAPTURE(key);
      // Others are only shown.
      const bool has_default = key != "prefix" && key != "file" && key != "config_file";
      const std::string line = (has_default ? "\n  " : "\n  # ") + key + ':';
      CHECK_THAT(shipped, Catch::Contains(line));
      const std::string row = std::string("| `").append(section).append(".").append(key);
      CHECK_THAT(documentation, Catch::Contains(row + "` |"));
    }
  }
}

TEST_CASE("The documented web configuration is accepted") {
  const std::string documentation = Content(source_tree / "docs" / "web.md");
  const std::size_t begin = documentation.find("# /etc/pdtt/web.yml");
  REQUIRE(begin != std::string::npos);
  const test::TemporaryDirectory directory;
  const WebConfig config = LoadWebConfig(directory.Write(
      "web.yml", documentation.substr(begin, documentation.find("```", begin) - begin)));
  CHECK(config.tls);
  CHECK(config.users.size() == 1);
}

TEST_CASE("The documentation holds every flag") {
  const std::string documentation = Content(source_tree / "docs" / "configuration.md");
  for (const char* flag :
       {"--config.file=FILE", "-i, --interface=NAME", "--web.listen-address=HOST:PORT",
        "--cgroup=PATH", "--pin-path=DIR", "-p, --report.prefix=PATH", "-t, --interval=DURATION",
        "--report.console", "--records.file=FILE", "--no-persist", "--log.level=LEVEL",
        "--log.format=FORMAT", "--persist", "--user=NAME", "--web.config.file=FILE",
        "--web.local-user=NAME", "--web.max-requests=NUMBER"}) {
    CHECK_THAT(documentation, Catch::Contains('`' + std::string(flag) + '`'));
  }
}

}  // namespace
}  // namespace pdtt
