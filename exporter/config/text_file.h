// SPDX-License-Identifier: Apache-2.0
// Whole files of bounded size.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace pdtt {

/// At most `most` + 1 bytes of a file, so that a device without an end is noticed, not read.
/// Throws std::system_error "cannot read WHAT FILE" if it can't.
[[nodiscard]] std::string ReadTextFile(const std::filesystem::path& file, const std::string& what,
                                       std::size_t most);

}  // namespace pdtt
