// SPDX-License-Identifier: Apache-2.0
// What the process may do with files, by its effective user and capabilities.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pdtt {

/// Sets errno if not.
[[nodiscard]] bool MayRead(const std::filesystem::path& file);

/// May append to the file, or make it where it is not there. Sets errno if not.
[[nodiscard]] bool MayAppend(const std::filesystem::path& file);

/// The report files that a prefix has already, and one that it has not.
[[nodiscard]] std::vector<std::filesystem::path> ReportFilesOf(const std::string& prefix);

}  // namespace pdtt
