// SPDX-License-Identifier: Apache-2.0
// The live page's files as they are in this folder; written into the program by embed.cmake.
#pragma once

#include <string_view>
#include <vector>

namespace pdtt {

struct PageFile {
  std::string_view name;
  std::string_view content;  ///< lives as long as the program
};

const std::vector<PageFile>& PageFiles();

}  // namespace pdtt
