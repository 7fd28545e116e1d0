// SPDX-License-Identifier: Apache-2.0
// A password that stands in a file of its own.
#pragma once

#include <filesystem>
#include <string>

namespace pdtt::top {

/// The first line. Throws std::runtime_error if the file is unreadable, empty, or readable for
/// everybody.
[[nodiscard]] std::string ReadPasswordFile(const std::filesystem::path& file);

}  // namespace pdtt::top
