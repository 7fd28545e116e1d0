// SPDX-License-Identifier: Apache-2.0
#include "config/values.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

namespace pdtt {
namespace {

using std::chrono::milliseconds;

milliseconds Duration(std::string_view text) {
  return ParseDuration(text, milliseconds{100}, milliseconds{7'200'000});
}

TEST_CASE("A duration is a whole number and a unit") {
  const auto [text, expected] = GENERATE(table<std::string, int>({{"500ms", 500},
                                                                  {"100ms", 100},
                                                                  {"10s", 10'000},
                                                                  {"1m", 60'000},
                                                                  {"2h", 7'200'000},
                                                                  {"7200s", 7'200'000}}));
  CHECK(Duration(text) == milliseconds{expected});
}

TEST_CASE("A duration without unit, with a fraction or with two units is refused") {
  const std::string text = GENERATE("10", "", "s", "1.5s", "1h30m", "-1s", "+1s", " 1s", "1 s",
                                    "1s ", "01s", "1S", "1d", "1us", "ten", "0x10s", "1e3s");
  CHECK_THROWS_WITH(
      Duration(text),
      '"' + text + "\" is not a duration; write a whole number and ms, s, m or h, such as 10s");
}

TEST_CASE("A duration out of range names the range in words, however large it is") {
  const std::string text = GENERATE("99ms", "0s", "0h", "3h", "121m", "7200001ms",
                                    "18446744073709551615h", "9223372036854775807ms");
  CHECK_THROWS_WITH(Duration(text), '"' + text + "\" is out of range; use 100ms to 2h");
}

TEST_CASE("A number has decimal digits only and stays in range") {
  CHECK(ParseNumber("8", 8, 100) == 8);
  CHECK(ParseNumber("100", 8, 100) == 100);
  CHECK(ParseNumber("0", 0, 1) == 0);
  const std::string text = GENERATE("7", "101", "010", "0x10", "1e1", "10.0", "-10", "+10", "1_0",
                                    "64k", "", " 10", "18446744073709551616", "\xd9\xa1");
  CHECK_THROWS_AS(ParseNumber(text, 8, 100), ValueError);
}

TEST_CASE("A number's error names the bounds") {
  CHECK_THROWS_WITH(ParseNumber("7", 8, 100),
                    "\"7\" is not a number in range; use a whole number from 8 to 100");
}

TEST_CASE("Only true and false are truth values") {
  CHECK(ParseBool("true"));
  CHECK_FALSE(ParseBool("false"));
  const std::string text = GENERATE("yes", "on", "no", "y", "True", "TRUE", "1", "0", "");
  CHECK_THROWS_WITH(ParseBool(text), '"' + text + "\" is neither true nor false; use one of these");
}

TEST_CASE("A range of uids is one uid or two with a dash") {
  CHECK(ParseUidRange("65534") == UidRange{65534, 65534});
  CHECK(ParseUidRange("1-999") == UidRange{1, 999});
  CHECK(ParseUidRange("7-7") == UidRange{7, 7});
  CHECK(ParseUidRange("4294967294") == UidRange{4294967294, 4294967294});
}

TEST_CASE("A bad range of uids is refused with its reason") {
  const auto [text, reason] =
      GENERATE(table<std::string, std::string>({{"", "write it like 65534 or 1-999"},
                                                {"-", "write it like 65534 or 1-999"},
                                                {"1-", "write it like 65534 or 1-999"},
                                                {"-5", "write it like 65534 or 1-999"},
                                                {"1-2-3", "write it like 65534 or 1-999"},
                                                {"1 - 9", "write it like 65534 or 1-999"},
                                                {"01-9", "write it like 65534 or 1-999"},
                                                {"root", "write it like 65534 or 1-999"},
                                                {"0", "start at 1"},
                                                {"0-999", "start at 1"},
                                                {"9-1", "FIRST not above LAST"},
                                                {"4294967295", "at most 4294967294"},
                                                {"1-4294967295", "at most 4294967294"}}));
  CHECK_THROWS_WITH(ParseUidRange(text), Catch::Contains(reason));
}

TEST_CASE("Users are names of any directory service or uids") {
  const std::string text = GENERATE("root", "nobody", "a.b-c_d", "DOMAIN\\user", "user@example.org",
                                    "machine$", "j\xc3\xb6rg", "0", "1000", "4294967294");
  CHECK(ParseUser(text) == text);
}

TEST_CASE("What can be no user is refused") {
  const std::string text = GENERATE("", "-root", "a b", "a:b", "a,b", "a/b", "a\nb", "a\x7f", "007",
                                    "4294967295", "99999999999999999999", std::string(257, 'a'));
  CHECK_THROWS_AS(ParseUser(text), ValueError);
}

TEST_CASE("Interface names are those the kernel accepts") {
  const std::string good =
      GENERATE("eth0", "a", "enp0s31f6", "bond0.100", "123456789012345", "...");
  CHECK(ParseInterface(good) == good);
}

TEST_CASE("Interface names the kernel would refuse are refused") {
  const std::string bad =
      GENERATE("", ".", "..", "1234567890123456", "a b", "a/b", "a:b", "a\tb", "a\nb", "\xc3\xb6");
  CHECK_THROWS_WITH(ParseInterface(bad), Catch::EndsWith("use 1 to 15 characters without blank, "
                                                         "'/' or ':'"));
}

TEST_CASE("Paths are absolute and short enough for the kernel") {
  CHECK(ParseAbsolutePath("/sys/fs/bpf/pdtt") == "/sys/fs/bpf/pdtt");
  const std::string bad = GENERATE("", "a", "./a", "~/a", "/a\nb", '/' + std::string(4095, 'a'));
  CHECK_THROWS_AS(ParseAbsolutePath(bad), ValueError);
}

TEST_CASE("The cgroup auto is no path") {
  CHECK(ParseCgroup("auto") == std::nullopt);
  CHECK(ParseCgroup("/sys/fs/cgroup") == "/sys/fs/cgroup");
  CHECK_THROWS_WITH(ParseCgroup("Auto"), "\"Auto\" is not a cgroup; use auto or an absolute path");
}

TEST_CASE("A choice that is not known names those that are") {
  CHECK(ParseChoice<LogLevel>("warn", kLogLevels) == LogLevel::kWarn);
  CHECK_THROWS_WITH(ParseChoice<LogLevel>("warning", kLogLevels),
                    "\"warning\" is not known here; use one of debug, info, warn, error");
}

TEST_CASE("Hostile text can't break out of an error's line") {
  CHECK(Quoted("a\nb\x1b[2J\xff") == "\"a\\x0ab\\x1b[2J\\xff\"");
  CHECK(Quoted(std::string(100'000, 'a')).size() < 200);
}

}  // namespace
}  // namespace pdtt
