// SPDX-License-Identifier: Apache-2.0
// User and password from an Authorization header (RFC 7617).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pdtt {

struct BasicCredentials {
  std::string user;
  std::string password;
};

/// Nothing if the header is of another kind or malformed.
[[nodiscard]] std::optional<BasicCredentials> ParseBasicCredentials(std::string_view authorization);

}  // namespace pdtt
