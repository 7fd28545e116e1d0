// SPDX-License-Identifier: Apache-2.0
// Configuration files: read, or refused in one line that names the place.
#include "config/config.h"

#include "expect.h"
#include "memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static pdtt::fuzz::MemoryFile file;
  file.Fill(data, size);
  try {
    static_cast<void>(pdtt::LoadConfig(file.Path()));
  } catch (const pdtt::ConfigError& e) {
    const std::string_view text = e.what();
    pdtt::fuzz::Expect(pdtt::fuzz::IsOneLine(text), "an error is one line");
    pdtt::fuzz::Expect(text.starts_with(file.Path().string() + ':'), "an error names its place");
  }
  return 0;
}
