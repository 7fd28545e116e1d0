// SPDX-License-Identifier: Apache-2.0
#include "bpf/kernel_config.h"

#include <zlib.h>

#include <array>
#include <memory>
#include <sstream>
#include <utility>

namespace pdtt {
namespace {

constexpr std::string_view kPrefix = "CONFIG_";

// Far beyond any kernel's, whose is a quarter of a megabyte.
constexpr std::size_t kMostText = 16 << 20;

// zlib reads files that are not compressed as they are.
std::string ReadText(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file{gzopen(path.c_str(), "rbe"), &gzclose};
  std::string text;
  std::array<char, 65536> piece{};
  int got = 0;
  while (file && text.size() < kMostText &&
         (got = gzread(file.get(), piece.data(), piece.size())) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return got < 0 ? std::string{} : text;
}

}  // namespace

KernelConfig::KernelConfig(std::string_view text, std::string origin) : origin_(std::move(origin)) {
  std::istringstream lines{std::string{text}};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (line.starts_with(kPrefix) && equals != std::string::npos) {
      options_[line.substr(kPrefix.size(), equals - kPrefix.size())] = line.substr(equals + 1);
    }
  }
}

std::optional<std::string> KernelConfig::Value(std::string_view option) const {
  if (origin_.empty()) {
    return std::nullopt;
  }
  const auto found = options_.find(option);
  return found == options_.end() ? "n" : found->second;
}

KernelConfig ReadKernelConfig(const std::vector<std::filesystem::path>& files) {
  for (const std::filesystem::path& file : files) {
    const std::string text = ReadText(file);
    // Anything else under such a name would make every option look as if it were not set.
    if (text.find("\nCONFIG_") != std::string::npos) {
      return {text, file.string()};
    }
  }
  return {};
}

}  // namespace pdtt
