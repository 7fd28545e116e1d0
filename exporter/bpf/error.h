// SPDX-License-Identifier: Apache-2.0
// Kernel and libbpf errors as exceptions.
#pragma once

#include <string>
#include <system_error>

namespace pdtt {

/// Throws std::system_error for libbpf's negative errno (or a positive one).
[[noreturn]] inline void ThrowBpf(int error, const std::string& what) {
  throw std::system_error(error < 0 ? -error : error, std::system_category(), what);
}

}  // namespace pdtt
