// SPDX-License-Identifier: Apache-2.0
// Files made to exhaust time or memory: each is refused with a place, soon, and in little memory.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <ctime>
#include <random>
#include <string>

#include "config_file.h"

namespace pdtt {
namespace {

using test::LoadError;

// CPU time, so that a busy machine does no harm; sanitizers take several times as much.
constexpr double kSoon = 5;
constexpr long kLittleMemoryKilobytes = 128L * 1024;

// Their shadow memory is no measure of ours.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::string Repeat(std::string_view text, std::size_t times) {
  std::string repeated;
  for (std::size_t i = 0; i < times; ++i) {
    repeated.append(text);
  }
  return repeated;
}

std::string AliasBomb() {
  std::string yaml = "a0: &a0 [x, x]\n";
  for (int level = 1; level < 50; ++level) {
    const std::string previous = std::to_string(level - 1);
    const std::string name = std::to_string(level);
    yaml.append("a").append(name).append(": &a").append(name);
    yaml.append(" [*a").append(previous).append(", *a").append(previous).append("]\n");
  }
  return yaml;
}

std::string ManyKeys(int count) {
  std::string yaml;
  for (int i = 0; i < count; ++i) {
    yaml.append("k").append(std::to_string(i)).append(": 1\n");
  }
  return yaml;
}

long PeakMemoryKilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_CASE("Files made to exhaust the exporter are refused soon and cheaply") {
  const auto [what, yaml, error] = GENERATE_COPY(table<std::string, std::string, std::string>(
      {{"alias bomb", AliasBomb(), "1:5: an anchor (&) is not allowed; remove it"},
       {"cyclic alias", "a: &a [*a]\n", "1:4: an anchor (&) is not allowed; remove it"},
       {"deep list", Repeat("[", 100'000), "1:1: not a key"},
       {"deep list, closed", Repeat("[", 100'000) + Repeat("]", 100'000),
        "1:17: nested deeper than 16 levels"},
       {"deep map", Repeat("{a: ", 100'000), "1:1: not a key"},
       {"deep block", Repeat("- ", 100'000), "1:33: nested deeper than 16 levels"},
       {"keys of keys", Repeat("? ", 100'000), ""},
       {"open quote", '"' + Repeat("a\n", 400'000), "1:1: the quote does not end on this line"},
       {"larger than 1 MiB", Repeat("# comment\n", 200'000), "1:1: larger than 1 MiB"},
       {"larger than 1 MiB by its line ends", Repeat("a\r\n", 400'000), "1:1: larger than 1 MiB"},
       {"100,000 keys", ManyKeys(100'000), "5000:8: more than 10000 values"},
       {"100,000 items", "interfaces: [" + Repeat("a,", 100'000) + "]", "more than 10000 values"},
       {"long key", Repeat("k", 1'000'000) + ": 1\n", ""},
       {"long value", "cgroup: /" + Repeat("k", 1'000'000) + "\n", "is not an absolute path"},
       {"NUL bytes", std::string(500'000, '\0'), "1:1: not a character of UTF-8 text"},
       {"tabs", Repeat("\t", 500'000), "accepted"},
       {"colons", Repeat(":", 500'000), ""},
       {"question marks", Repeat("?\n", 400'000), ""},
       {"documents", Repeat("---\n", 200'000), ""},
       {"braces in turn", Repeat("[{", 100'000), "1:1: not a key"},
       {"comment of one megabyte", "#" + Repeat("x", 1'000'000), "accepted"}}));
  CAPTURE(what);
  const std::clock_t start = std::clock();
  const std::string got = LoadError(yaml);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  CHECK_THAT(got, Catch::Contains(error));
  CHECK((got == "accepted") == (error == "accepted"));
  CHECK(got.size() < 400);
  CHECK(seconds < kSoon);
  CHECK((kSanitized || PeakMemoryKilobytes() < kLittleMemoryKilobytes));
}

TEST_CASE("Random bytes and random YAML characters never do more than fail") {
  std::mt19937 random(20240607);  // NOLINT: the same files in every run
  const std::string_view alphabet = "abc:-[]{}#&*!|>'\"%@`,? \n\t\\~0123456789./";
  const test::TemporaryDirectory directory;
  for (int file = 0; file < 2'000; ++file) {
    std::string yaml;
    const std::size_t length = random() % 60;
    for (std::size_t i = 0; i < length; ++i) {
      yaml.push_back(file % 4 == 0 ? static_cast<char>(random() & 0xFFU)
                                   : alphabet[random() % alphabet.size()]);
    }
    CAPTURE(yaml);
    const std::string error = LoadError(yaml, directory);
    CHECK(error.find('\n') == std::string::npos);
    CHECK((error == "accepted" || (error[0] >= '1' && error[0] <= '9')));
  }
}

}  // namespace
}  // namespace pdtt
