// SPDX-License-Identifier: Apache-2.0
// The client of a running exporter's API. libcurl ends here.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "config/top_options.h"
#include "top/api_reading.h"

namespace pdtt::top {

/// One connection that is kept while it lasts; for one thread at a time.
class ApiClient {
 public:
  /// Reads the password. Throws std::runtime_error if that can't be done.
  explicit ApiClient(const TopOptions& options);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;
  ApiClient(ApiClient&&) = delete;
  ApiClient& operator=(ApiClient&&) = delete;

  /// The API's three resources. A requested stop ends it early. Throws ApiProblem.
  [[nodiscard]] Bodies Fetch(const std::stop_token& stop);

 private:
  class Transfer;
  std::unique_ptr<Transfer> transfer_;
};

/// A body's text as a reading. Throws ApiProblem if it is none.
[[nodiscard]] Reading ReadingOf(const Bodies& bodies, std::string_view url);

}  // namespace pdtt::top
