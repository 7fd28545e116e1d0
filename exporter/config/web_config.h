// SPDX-License-Identifier: Apache-2.0
// The web configuration file: TLS, passwords, headers and a rate limit, in the format that the
// exporters of the Prometheus world share.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "model/web_security.h"

namespace pdtt {

/// Certificates or a key in PEM: a file's name, or the text itself.
struct PemSource {
  std::filesystem::path file;  ///< absolute, or relative as the web configuration's own name is
  std::string text;            ///< if there is no file
  std::string place;           ///< "FILE:LINE:COLUMN: key", for errors
};

struct WebTls {
  PemSource certificate;
  PemSource key;
  std::optional<PemSource> client_ca;
  TlsTerms terms;
};

struct WebConfig {
  std::optional<WebTls> tls;  ///< none: plain HTTP
  HttpHeaders headers;
  PasswordHashes users;  ///< none: no password is asked for
  std::optional<RateLimit> rate_limit;
};

/// Checks the content of a web configuration file; the files that it names are not opened. Throws
/// ConfigError.
[[nodiscard]] WebConfig ParseWebConfig(const std::string& content,
                                       const std::filesystem::path& file);

/// Reads and checks a web configuration file. Throws ConfigError, or std::system_error if
/// unreadable.
[[nodiscard]] WebConfig LoadWebConfig(const std::filesystem::path& file);

/// The files that it names.
[[nodiscard]] std::vector<std::filesystem::path> NamedFiles(const WebConfig& config);

}  // namespace pdtt
