// SPDX-License-Identifier: Apache-2.0
// How the HTTP server protects itself: what the web configuration says and the server does.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pdtt {

enum class TlsVersion { k10, k11, k12, k13 };

/// Whether clients are asked for a certificate, must have one, and who must have signed it.
enum class ClientAuth { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };

/// Everything about TLS but certificates and keys.
struct TlsTerms {
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<std::string> client_allowed_sans;  ///< none: any name will do
  TlsVersion min_version = TlsVersion::k12;
  TlsVersion max_version = TlsVersion::k13;
  std::vector<std::string> ciphers;  ///< OpenSSL's names, up to TLS 1.2; none: the default
  bool prefer_server_ciphers = true;
  std::vector<std::string> groups;  ///< OpenSSL's names; none: the default

  bool operator==(const TlsTerms&) const = default;
};

/// One request an interval, after a burst of so many.
struct RateLimit {
  std::chrono::milliseconds interval{};
  unsigned burst = 0;

  bool operator==(const RateLimit&) const = default;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// User names and their bcrypt hashes.
using PasswordHashes = std::map<std::string, std::string, std::less<>>;

}  // namespace pdtt
