// SPDX-License-Identifier: Apache-2.0
// What goes wrong on the way to an exporter's API, in one line with the remedy.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace pdtt::top {

class ApiProblem : public std::runtime_error {
 public:
  enum class Kind { kLasting, kStarting };

  explicit ApiProblem(const std::string& text, Kind kind = Kind::kLasting)
      : std::runtime_error(text), kind_(kind) {}

  /// The exporter is there and has nothing to show yet.
  [[nodiscard]] bool IsStarting() const { return kind_ == Kind::kStarting; }

 private:
  Kind kind_;
};

/// A transfer that failed.
struct TransferFailure {
  int code = 0;             ///< CURLcode
  int os_error = 0;         ///< errno of connect(2), 0 if it got further
  std::string_view detail;  ///< libcurl's own words
};

[[nodiscard]] ApiProblem ProblemOf(const TransferFailure& failure, std::string_view url);

/// `status` is not 200. `body` is untrusted.
[[nodiscard]] ApiProblem ProblemOfStatus(long status, std::string_view url, std::string_view path,
                                         std::string_view body);

}  // namespace pdtt::top
