// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "config/command_line.h"
#include "config/exporter_url.h"
#include "config/values.h"

namespace pdtt {
namespace {

using Words = std::vector<const char*>;

CommandLine Parse(Words words) {
  words.insert(words.begin(), "top");
  return ParseCommandLine(words, {});
}

std::string UsageErrorOf(const Words& words) {
  try {
    static_cast<void>(Parse(words));
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("top without flags looks at the default address every two seconds") {
  const CommandLine line = Parse({});
  CHECK(line.command == Command::kTop);
  CHECK(line.top == TopOptions{});
  CHECK(line.top.url == "http://127.0.0.1:10435");
  CHECK(line.top.interval == std::chrono::seconds{2});
}

TEST_CASE("Each flag of top has its effect") {
  const TopOptions options =
      Parse({"https://h:1/", "--interval=500ms", "--once", "--json", "--ca-file=ca.pem",
             "--cert-file", "/c", "--key-file", "/k", "--user=u", "--password-file=/p"})
          .top;
  CHECK(options.url == "https://h:1");
  CHECK(options.interval == std::chrono::milliseconds{500});
  CHECK(options.once);
  CHECK(options.json);
  CHECK(options.ca_file == "ca.pem");
  CHECK(options.cert_file == "/c");
  CHECK(options.key_file == "/k");
  CHECK(options.user == "u");
  CHECK(options.password_file == "/p");
}

TEST_CASE("An address may lack its scheme and end in slashes") {
  CHECK(ParseExporterUrl("h:1") == "http://h:1");
  CHECK(ParseExporterUrl("h") == "http://h");
  CHECK(ParseExporterUrl("https://h/prefix//") == "https://h/prefix");
  CHECK(ParseExporterUrl("http://[::1]:1") == "http://[::1]:1");
}

TEST_CASE("What is no address is refused") {
  const std::string text =
      GENERATE(std::string(), std::string("http://"), std::string("ftp://h"),
               std::string("file:///etc/passwd"), std::string("http:///p"), std::string("h?q"),
               std::string("h#f"), std::string("h\nx"), std::string(":1"), std::string("a b"),
               std::string("h\\x"), std::string("http:///"));
  CHECK_THROWS_AS(ParseExporterUrl(text), ValueError);
}

TEST_CASE("An address with a password is refused without repeating the password") {
  const std::string text = GENERATE(std::string("http://u:secret@h"), std::string("u:secret@h:1"),
                                    std::string("https://secret@h/p"));
  CHECK_THROWS_WITH(ParseExporterUrl(text),
                    Catch::Contains("--password-file") && !Catch::Contains("secret"));
}

TEST_CASE("What is sent to this host or over TLS is not readable on the way") {
  CHECK_FALSE(IsReadableOnTheWay("http://127.0.0.1:1"));
  CHECK_FALSE(IsReadableOnTheWay("http://localhost"));
  CHECK_FALSE(IsReadableOnTheWay("http://[::1]:1/p"));
  CHECK_FALSE(IsReadableOnTheWay("https://h"));
  CHECK(IsReadableOnTheWay("http://h:1"));
  CHECK(IsReadableOnTheWay("http://127.0.0.1.example"));
  CHECK(IsReadableOnTheWay("http://localhost.example:1"));
  CHECK(IsReadableOnTheWay("http://[::1234]"));
}

TEST_CASE("A wrong command line of top is refused in one line") {
  const auto [words, error] = GENERATE(values<std::pair<Words, std::string>>({
      {{"--nonsense"}, "\"--nonsense\" is not a flag or command"},
      {{"a", "b"}, "\"b\" is not a flag or command"},
      {{"--persist"}, "--persist is a flag of run, not of top"},
      {{"--interval"}, "--interval: 1 required DURATION missing"},
      {{"--interval", "--once"}, "--interval needs a value"},
      {{"--interval=1ms"}, "--interval: \"1ms\" is out of range; use 500ms to 1h"},
      {{"--user=a:b"}, "--user: \"a:b\" is not a user; use a name without ':'"},
      {{"--user=a"}, "--user and --password-file belong together; give both"},
      {{"--password-file=/p"}, "--user and --password-file belong together; give both"},
      {{"--key-file=/k"}, "--cert-file and --key-file belong together; give both"},
      {{"--json"}, "--json needs --once"},
      {{"--password=x"}, "\"--password=x\" is not a flag or command"},
      {{"--insecure"}, "\"--insecure\" is not a flag or command"},
      {{"h:1", "--user=a", "--password-file=/p"},
       "the password would cross the network readable for others; use https://"},
      {{"--once=false"}, "once was given a disallowed flag override"},
  }));
  CHECK(UsageErrorOf(words) == error + "; see --help");
}

TEST_CASE("top has a help of its own with all its flags") {
  const CommandLine line = Parse({"--help"});
  CHECK(line.command == Command::kHelp);
  for (const char* expected :
       {"pdtt-exporter top [FLAGS] [URL]", "http://127.0.0.1:10435", "--interval DURATION",
        "default: 2s", "--once", "--json", "--ca-file FILE", "--cert-file FILE", "--key-file FILE",
        "--user NAME", "--password-file FILE"}) {
    CHECK_THAT(line.text, Catch::Contains(expected));
  }
  CHECK_THAT(line.text, !Catch::Contains("--persist"));
}

TEST_CASE("The configuration file is not read for top") {
  CHECK(ParseCommandLine(Words{"top"}, "/dev/null/x").command == Command::kTop);
}

}  // namespace
}  // namespace pdtt
