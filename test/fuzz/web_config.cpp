// SPDX-License-Identifier: Apache-2.0
// Web configuration files: read, or refused in one line that names the place.
#include "config/web_config.h"

#include "expect.h"
#include "memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static pdtt::fuzz::MemoryFile file;
  file.Fill(data, size);
  try {
    const pdtt::WebConfig config = pdtt::LoadWebConfig(file.Path());
    static_cast<void>(pdtt::NamedFiles(config));
    for (const auto& [user, hash] : config.users) {
      pdtt::fuzz::Expect(hash.size() == 60 && hash.starts_with("$2"), "a password is bcrypt");
    }
  } catch (const pdtt::ConfigError& e) {
    const std::string_view text = e.what();
    pdtt::fuzz::Expect(pdtt::fuzz::IsOneLine(text), "an error is one line");
    pdtt::fuzz::Expect(text.starts_with(file.Path().string() + ':'), "an error names its place");
  }
  return 0;
}
