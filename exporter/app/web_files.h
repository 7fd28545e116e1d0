// SPDX-License-Identifier: Apache-2.0
// The web configuration file and the files that it names, as the HTTP server wants them.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/file_stamps.h"
#include "app/log.h"
#include "config/web_config.h"
#include "http/security.h"

namespace pdtt {

/// What a web configuration means. Reads certificates and keys. Throws std::runtime_error.
[[nodiscard]] std::shared_ptr<const HttpSecurity> ToHttpSecurity(const WebConfig& config);

/// Looks at the files when it is asked, a few times a second at most, and reads them again when
/// one has changed. Thread-safe.
class WebFiles {
 public:
  /// Throws ConfigError or std::system_error if the files can't be used.
  WebFiles(std::filesystem::path file, Log& log);

  /// Nothing while the files can't be used: what they said before may be what was to be changed.
  [[nodiscard]] std::shared_ptr<const HttpSecurity> Now();

  /// The file itself and those that it named when it was read last.
  [[nodiscard]] std::vector<std::filesystem::path> Watched();

  /// Whether TLS is spoken; that can't change.
  [[nodiscard]] bool Tls() const { return tls_; }

 private:
  using Clock = std::chrono::steady_clock;

  bool Read();
  void Watch(const WebConfig& config);
  void CheckForChanges();

  std::filesystem::path file_;
  Log& log_;
  std::mutex mutex_;
  std::vector<std::filesystem::path> watched_;
  std::vector<FileStamp> stamps_;  ///< of those watched, from before they were read
  Clock::time_point next_check_;
  std::shared_ptr<const HttpSecurity> now_;
  std::string last_error_;
  bool started_ = false;
  bool tls_ = false;
};

}  // namespace pdtt
