// SPDX-License-Identifier: Apache-2.0
#include "http/accept.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace {

constexpr auto kOffers =
    std::to_array<pdtt::MediaType>({{"text/plain", "0.0.4"},
                                    {"application/openmetrics-text", "1.0.0"},
                                    {"application/openmetrics-text", "0.0.1"}});
constexpr std::size_t kText = 0;
constexpr std::size_t kOpenMetrics = 1;
constexpr std::size_t kOldOpenMetrics = 2;

}  // namespace

TEST_CASE("the format is the one that the client likes best") {
  const auto [header, expected] = GENERATE(table<std::string, std::size_t>({
      // Nobody asks for anything, or for what there is not.
      {"", kText},
      {"*/*", kText},
      {"text/*", kText},
      {"text/html,application/xhtml+xml,*/*;q=0.8", kText},
      {"image/png", kText},
      {"application/json;q=0.1", kText},
      {"*/*;q=0", kText},
      // Prometheus, as of 2.42, before, and 3.
      {"application/openmetrics-text;version=1.0.0,application/"
       "openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpenMetrics},
      {"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOldOpenMetrics},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
       "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;"
       "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
       kOpenMetrics},
      {"text/plain;version=0.0.4;q=1,*/*;q=0.1", kText},
      // Versions.
      {"application/openmetrics-text", kOpenMetrics},
      {"application/openmetrics-text;version=1.0.0", kOpenMetrics},
      {"application/openmetrics-text;version=\"1.0.0\"", kOpenMetrics},
      {"application/openmetrics-text;version=\"1.\\0.0\"", kOpenMetrics},
      {"application/openmetrics-text;version=0.0.1", kOldOpenMetrics},
      {"application/openmetrics-text;version=2.0.0", kText},
      {"application/openmetrics-text;version=2.0.0, */*;q=0.1", kText},
      {"application/openmetrics-text; charset=UTF-8; version=1.0.0", kOpenMetrics},
      {"application/openmetrics-text; charset=latin1", kText},
      {"Application/OpenMetrics-Text;Version=1.0.0", kOpenMetrics},
      // Weights.
      {"application/openmetrics-text;q=0.5,text/plain", kText},
      {"application/openmetrics-text,text/plain;q=0.999", kOpenMetrics},
      {"text/plain;q=0.001,application/openmetrics-text;q=0.002", kOpenMetrics},
      {"application/openmetrics-text;q=0", kText},
      {"application/openmetrics-text;q=0,*/*;q=0.5", kText},
      {"text/plain;q=0,*/*", kOpenMetrics},
      {"text/plain;q=0,application/*;q=0.1", kOpenMetrics},
      {"application/openmetrics-text;version=1.0.0;q=0,application/openmetrics-text",
       kOldOpenMetrics},
      {"application/openmetrics-text ; Q=0.9 , text/plain ; q=0.8", kOpenMetrics},
      // What describes a format more closely decides about it, and between equals.
      {"*/*,text/plain;q=0.2,application/openmetrics-text;q=0.5", kOpenMetrics},
      {"application/openmetrics-text;q=0.5,application/*;q=0.9,text/plain;q=0.7", kText},
      {"application/openmetrics-text,*/*", kOpenMetrics},
      {"application/openmetrics-text,text/plain", kText},
      {"application/openmetrics-text;version=1.0.0,text/plain", kOpenMetrics},
      {"application/*,text/*", kText},
      // What is malformed does not count.
      {"application/openmetrics-text;q=high", kText},
      {"application/openmetrics-text;q=2,text/plain;q=0.1", kText},
      {"application/openmetrics-text;q=1.001", kText},
      {"application/openmetrics-text;q=", kText},
      {"application/openmetrics-text;q", kText},
      {"application", kText},
      {"application/", kText},
      {"/openmetrics-text", kText},
      {"*/openmetrics-text", kText},
      {"application/openmetrics-text/x", kText},
      {",,;,/,*, application/openmetrics-text ,", kOpenMetrics},
      {"text/html;x=\"a,b;q=0\",application/openmetrics-text;q=0.3", kOpenMetrics},
      {"application/openmetrics-text;version=\"1.0.0", kText},
  }));
  CAPTURE(header);
  CHECK(pdtt::PreferredType(header, kOffers) == expected);
}
