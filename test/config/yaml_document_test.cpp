// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_document.h"

#include <catch2/catch.hpp>
#include <string>

namespace pdtt {
namespace {

/// The error as "LINE:COLUMN: message", or "accepted".
std::string ParseError(std::string_view yaml) {
  const std::string source = NormalizeYaml(yaml);
  try {
    static_cast<void>(ParseYaml(source));
    return "accepted";
  } catch (const YamlError& e) {
    return YamlPlace(source, e.Offset()) + ": " + e.what();
  }
}

TEST_CASE("A document becomes a tree with the places of its nodes") {
  const std::string source = "# comment\na: 1\nb:\n  - \"x y\"\n  - 'it''s'\n";
  const YamlNode root = ParseYaml(source);
  REQUIRE(root.kind == YamlKind::kMap);
  REQUIRE(root.keys.size() == 2);
  CHECK(root.keys[1].text == "b");
  CHECK(YamlPlace(source, root.keys[1].offset) == "3:1");
  CHECK(root.items[0].text == "1");
  CHECK_FALSE(root.items[0].quoted);
  CHECK(YamlPlace(source, root.items[0].offset) == "2:4");
  REQUIRE(root.items[1].kind == YamlKind::kSequence);
  REQUIRE(root.items[1].items.size() == 2);
  CHECK(root.items[1].items[0].text == "x y");
  CHECK(root.items[1].items[0].quoted);
  CHECK(root.items[1].items[1].text == "it's");
  CHECK(YamlPlace(source, root.items[1].items[1].offset) == "5:5");
}

TEST_CASE("Ordinary ways to write YAML are accepted") {
  const std::string yaml = GENERATE(
      "", "# only a comment\n", "---\na: 1\n", "a: 1\n...\n", "%YAML 1.2\n---\na: 1\n",
      "{a: 1, b: [x, y]}", "a:\n- 1\n- 2\n", "a: \"q\\\"uo\\\\\"\n", "a: '' # empty\n", "'a': 1",
      "a: [1,\n    2]\n", "a:\tb\n", "a: b#c\n", "a: http://x\n", "a: \xc3\xb6\n");
  CHECK(ParseError(yaml) == "accepted");
}

TEST_CASE("What lets a file say one thing and mean another is refused") {
  const auto [yaml, error] = GENERATE(table<std::string, std::string>(
      {{"a: 1\na: 2\n", "2:1: the key \"a\" is already at 1:1; remove one of them"},
       {"a: 1\n'a': 2\n", "2:1: the key \"a\" is already at 1:1; remove one of them"},
       {"x: {a: 1, b: 2, a: 3}", "1:17: the key \"a\" is already at 1:5; remove one of them"},
       {"a: 1\n---\nb: 2\n", "2:1: a second document starts here; keep everything in one"},
       {"a: &x 1\n", "1:4: an anchor (&) is not allowed; remove it"},
       {"a: &x\n", "1:4: an anchor (&) is not allowed; remove it"},
       {"a: &x [1]\n", "1:4: an anchor (&) is not allowed; remove it"},
       {"&x a: 1\n", "1:1: an anchor (&) is not allowed; remove it"},
       {"a: &x [*x]\n", "1:4: an anchor (&) is not allowed; remove it"},
       {"a: !!str 1\n", "1:4: a tag (!) is not allowed; remove it"},
       {"a: ! 1\n", "1:4: a tag (!) is not allowed; remove it"},
       {"a: ! 'x'\n", "1:4: a tag (!) is not allowed; remove it"},
       {"a: !x [1]\n", "1:4: a tag (!) is not allowed; remove it"},
       {"!!map {a: 1}\n", "1:1: a tag (!) is not allowed; remove it"},
       {"a: |\n  b\n", "1:4: text over several lines is not allowed; write it on one line"},
       {"a: >-\n  b\n", "1:4: text over several lines is not allowed; write it on one line"},
       {"a: 1\n b: 2\n", "1:4: the value goes on in the next line; write it on one line"},
       {"a: b\n  c\n", "1:4: the value goes on in the next line; write it on one line"},
       {"a: \"b\n  c\"\n", "1:4: the quote does not end on this line; close it"},
       {"a: \"b\\\n  c\"\n", "1:4: the quote does not end on this line; close it"},
       {"a: \"b\\x1b\"\n", "1:4: a control character in the value; remove it"},
       {"a: \"b\\0\"\n", "1:4: a control character in the value; remove it"},
       {"? [a]\n: 1\n",
        "1:3: not a key; write \"key: value\", and quote text that holds brackets or colons"},
       {"{{a: 1}: 2}\n",
        "1:2: not a key; write \"key: value\", and quote text that holds brackets or colons"},
       {"~: 1\n",
        "1:1: not a key; write \"key: value\", and quote text that holds brackets or colons"}}));
  CHECK(ParseError(yaml) == error);
}

TEST_CASE("A quote that is never closed is found although yaml-cpp takes the file's end for one") {
  CHECK(ParseError("a: 'x\nb: 2\n") == "1:4: the quote does not end on this line; close it");
  CHECK(ParseError("a: \"abc\n") == "1:4: the quote does not end on this line; close it");
  CHECK(ParseError("a: 1\nb: [x, 'y\n") != "accepted");
}

TEST_CASE("Bad syntax is refused where it is") {
  const auto [yaml, place] = GENERATE(table<std::string, std::string>({{"a: [1, 2\n", "2:1: "},
                                                                       {"a: [1]\n b: 2\n", "2:2: "},
                                                                       {"a: 1\n\tb: 2\n", "2:1: "},
                                                                       {"a: ]\n", "1:4: "},
                                                                       {"a: *x\n", "1:4: "},
                                                                       {"a: @b\n", "1:4: "}}));
  CHECK_THAT(ParseError(yaml), Catch::StartsWith(place + "not valid YAML (") &&
                                   Catch::EndsWith("); correct it here"));
}

TEST_CASE("Windows line ends and a byte order mark change neither values nor places") {
  const std::string yaml =
      "\xef\xbb\xbf"
      "a: 1\r\nb: x\r\n";
  const YamlNode root = ParseYaml(NormalizeYaml(yaml));
  REQUIRE(root.items.size() == 2);
  CHECK(root.items[1].text == "x");
  CHECK(ParseError(yaml + "\r\nb: 2\r\n") ==
        "4:1: the key \"b\" is already at 2:1; remove one of them");
}

TEST_CASE("Columns count characters, not bytes") {
  CHECK(ParseError("{\xc3\xa4\xe2\x82\xac: 1, b: &x 1}") ==
        "1:12: an anchor (&) is not allowed; remove it");
}

TEST_CASE("What is not UTF-8 text is refused at its first bad byte") {
  using namespace std::string_literals;
  const auto [yaml, place] =
      GENERATE(table<std::string, std::string>({{"a: \0b\n"s, "1:4: "},
                                                {"a: 1\nb: \x04"s, "2:4: "},
                                                {"a: 1\rb: 2\n", "1:5: "},
                                                {"a: \x7f\n", "1:4: "},
                                                {"a: \xff\n", "1:4: "},
                                                {"a: \xc3\n", "1:4: "},
                                                {"a: \xc3"s, "1:4: "},
                                                {"a: \xc0\xaf\n", "1:4: "},
                                                {"a: \xe0\x80\xaf\n", "1:4: "},
                                                {"a: \xed\xa0\x80\n", "1:4: "},
                                                {"a: \xf4\x90\x80\x80\n", "1:4: "},
                                                {"a: \x80\n", "1:4: "},
                                                {"a: \xc2\x9b\n", "1:4: "},
                                                {"\xff\xfe"
                                                 "a\0:\0 \0001\0"s,
                                                 "1:1: "},
                                                {"\xfe\xff\0a\0:\0 \0001"s, "1:1: "}}));
  CHECK(ParseError(yaml) == place + "not a character of UTF-8 text; save the file as plain UTF-8");
}

TEST_CASE("Sixteen levels are allowed and the seventeenth is refused") {
  CHECK(ParseError(std::string(16, '[') + std::string(16, ']')) == "accepted");
  CHECK(ParseError(std::string(17, '[') + std::string(17, ']')) ==
        "1:17: nested deeper than 16 levels; a configuration needs 3");
}

}  // namespace
}  // namespace pdtt
