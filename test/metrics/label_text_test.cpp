// SPDX-License-Identifier: Apache-2.0
#include "metrics/label_text.h"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

using namespace std::string_view_literals;

namespace {

std::string LabelValueText(std::string_view value) {
  std::string text;
  pdtt::AppendLabelValue(text, value);
  return text;
}

struct TextCase {
  std::string_view input;
  std::string_view expected;
};

}  // namespace

TEST_CASE("label values are escaped and repaired") {
  const auto example = GENERATE(values<TextCase>({
      {"", ""},
      {"alice", "alice"},
      {"a\\b", "a\\\\b"},
      {"a\"b", "a\\\"b"},
      {"a\nb", "a\\nb"},
      {"a\tb\r", "a\tb\r"},
      {"\\n", "\\\\n"},
      {"\"\\\n", "\\\"\\\\\\n"},
      {"j\xC3\xB6rg", "j\xC3\xB6rg"},
      {"\xE2\x82\xAC \xF0\x9F\x98\x80", "\xE2\x82\xAC \xF0\x9F\x98\x80"},
      {"a\0b"sv, "a\0b"sv},
      {"\xFF", "\xEF\xBF\xBD"},
      {"a\x80\"", "a\xEF\xBF\xBD\\\""},
      {"\xC3", "\xEF\xBF\xBD"},
      {"\xC3x", "\xEF\xBF\xBDx"},
      {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xE2\x82x", "\xEF\xBF\xBD\xEF\xBF\xBDx"},
      {"\xF0\x9F\x98\"", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\\\""},
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xE0\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xF0\x80\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
  }));
  CHECK(LabelValueText(example.input) == example.expected);
}

TEST_CASE("repairing UTF-8 escapes nothing") {
  CHECK(pdtt::ValidUtf8("a\"b\\c\n\xFF\xC3\xB6") == "a\"b\\c\n\xEF\xBF\xBD\xC3\xB6");
}

TEST_CASE("IPv4 addresses are dotted and IPv6 addresses are in their shortest form") {
  using pdtt::AddressText;
  CHECK(AddressText({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 255}) == "192.0.2.255");
  CHECK(AddressText({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0}) == "0.0.0.0");
  CHECK(AddressText({}) == "::");
  CHECK(AddressText({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}) == "::1");
  CHECK(AddressText({0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}) ==
        "2001:db8::1:0:0:1");
  CHECK(AddressText({0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0xAB}) ==
        "2001:db8:0:1:1:1:1:ab");
  CHECK(AddressText({0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                     0xFF}) == "fe80::ffff:ffff:ffff:ffff");
}

TEST_CASE("a hidden remote address is a pseudonym of its own") {
  pdtt::Snapshot snapshot;
  pdtt::Connection connection;
  connection.remote_address = {0x9F, 0x3C, 0xA, 0, 0, 0, 0, 0xB, 1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(RemoteAddressText(snapshot, connection) == "9f3c:a00:0:b:102:304:506:708");
  snapshot.privacy.hide_remote_addresses = true;
  CHECK(RemoteAddressText(snapshot, connection) == "hidden-9f3c0a000000000b");
}
