// SPDX-License-Identifier: Apache-2.0
#include "app/log.h"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

namespace pdtt {
namespace {

// A line without its time, which is 24 characters of RFC 3339.
std::string Logged(LogFormat format, std::string_view message, Log::Fields fields) {
  std::string written;
  Log log{LogLevel::kInfo, format, [&](std::string_view line) { written += line; }};
  log.Debug("not this", {});
  log.Warn(message, fields);
  const std::string_view before = format == LogFormat::kJson ? "{\"time\":\"" : "time=";
  REQUIRE(written.starts_with(before));
  return written.substr(before.size() + std::string_view{"2026-01-01T00:00:00.000Z"}.size());
}

}  // namespace

TEST_CASE("logfmt quotes what needs it", "[log]") {
  CHECK(Logged(LogFormat::kLogfmt, "plain", {{"a", "b"}}) == " level=warn msg=plain a=b\n");
  CHECK(Logged(LogFormat::kLogfmt, "two words", {{"a", ""}, {"b", "x=\"y\""}, {"c", "l\nm"}}) ==
        " level=warn msg=\"two words\" a=\"\" b=\"x=\\\"y\\\"\" c=\"l\\nm\"\n");
}

TEST_CASE("the level can change", "[log]") {
  std::string written;
  Log log{LogLevel::kInfo, LogFormat::kLogfmt, [&](std::string_view line) { written += line; }};
  log.SetLevel(LogLevel::kError);
  log.Warn("no");
  CHECK(written.empty());
  log.SetLevel(LogLevel::kDebug);
  log.Debug("yes");
  CHECK_THAT(written, Catch::Contains("level=debug msg=yes"));
}

TEST_CASE("JSON escapes quotes, backslashes and control characters", "[log]") {
  CHECK(Logged(LogFormat::kJson, "m", {{"a", "\"\\\n\x01"}}) ==
        "\",\"level\":\"warn\",\"msg\":\"m\",\"a\":\"\\\"\\\\\\n\\u0001\"}\n");
}

}  // namespace pdtt
