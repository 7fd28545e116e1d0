// SPDX-License-Identifier: Apache-2.0
// Text to single values of the web configuration.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "model/web_security.h"

namespace pdtt {

// Each throws ValueError.

[[nodiscard]] TlsVersion ParseTlsVersion(std::string_view text);
[[nodiscard]] ClientAuth ParseClientAuth(std::string_view text);

/// Go's name of a cipher suite to OpenSSL's; empty for those of TLS 1.3, which are always on.
[[nodiscard]] std::string ParseCipherSuite(std::string_view text);

/// Go's name of an elliptic curve to OpenSSL's.
[[nodiscard]] std::string ParseCurve(std::string_view text);

/// Checks a header that may be configured, and its value.
void CheckHeader(std::string_view name, std::string_view value);

/// The name of a user as it can stand in a basic authentication.
void CheckUserName(std::string_view name);

/// A bcrypt hash that can be checked in a reasonable time.
void CheckPasswordHash(std::string_view hash);

/// A duration, or 0.
[[nodiscard]] std::chrono::milliseconds ParseRateInterval(std::string_view text);

}  // namespace pdtt
