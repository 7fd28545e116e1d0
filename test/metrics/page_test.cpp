// SPDX-License-Identifier: Apache-2.0
#include "metrics/page.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "metrics/names.h"
#include "sample_snapshot.h"

namespace {

constexpr pdtt::PageFormat kText = pdtt::PageFormat::kText;

std::string Page(const pdtt::Snapshot& snapshot) {
  const pdtt::ExporterCounters counters;
  std::string text;
  REQUIRE(
      pdtt::WriteMetricsPage(snapshot, counters, "/proc", kText, [&text](std::string_view piece) {
        text += piece;
        return true;
      }));
  return text;
}

std::vector<std::string> Lines(const std::string& page) {
  std::istringstream stream(page);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

bool BeginsWith(const std::string& line, std::string_view text) {
  return line.compare(0, text.size(), text) == 0;
}

// The names of the families in the order of their HELP lines.
std::vector<std::string> FamilyNames(const std::string& page) {
  constexpr std::string_view kHelp = "# HELP ";
  std::vector<std::string> names;
  for (const std::string& line : Lines(page)) {
    if (BeginsWith(line, kHelp)) {
      names.push_back(line.substr(kHelp.size(), line.find(' ', kHelp.size()) - kHelp.size()));
    }
  }
  return names;
}

std::vector<std::string> TableNames() {
  std::vector<std::string> names;
  names.reserve(pdtt::kFamilies.size());
  for (const pdtt::FamilySpec& family : pdtt::kFamilies) {
    names.emplace_back(family.name);
  }
  return names;
}

// Label names of a sample line whose values contain neither commas nor equal signs.
std::vector<std::string> LabelNamesOf(const std::string& sample) {
  std::vector<std::string> names;
  const std::size_t open = sample.find('{');
  if (open == std::string::npos) {
    return names;
  }
  std::istringstream labels(sample.substr(open + 1, sample.rfind('}') - open - 1));
  for (std::string label; std::getline(labels, label, ',');) {
    names.push_back(label.substr(0, label.find('=')));
  }
  return names;
}

template <typename T>
std::vector<T> Sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

TEST_CASE("the page has every family of the table exactly once, samples or not") {
  CHECK(Sorted(FamilyNames(Page(pdtt::SampleSnapshot()))) == Sorted(TableNames()));
  CHECK(Sorted(FamilyNames(Page({}))) == Sorted(TableNames()));
}

TEST_CASE("every family has its help, its type, and right below them samples with its labels") {
  std::map<std::string, pdtt::FamilySpec> table;
  for (const pdtt::FamilySpec& family : pdtt::kFamilies) {
    table.emplace(family.name, family);
  }
  std::map<std::string, int> samples;
  const std::vector<std::string> lines = Lines(Page(pdtt::SampleSnapshot()));
  const pdtt::FamilySpec* current = nullptr;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (BeginsWith(lines[i], "# HELP ")) {
      current = &table.at(lines[i].substr(7, lines[i].find(' ', 7) - 7));
      const std::string name(current->name);
      CHECK(lines[i] == "# HELP " + name + " " + std::string(current->help));
      CHECK(lines.at(++i) ==
            "# TYPE " + name +
                (current->type == pdtt::MetricType::kCounter ? " counter" : " gauge"));
      continue;
    }
    REQUIRE(current != nullptr);
    CHECK(lines[i].substr(0, lines[i].find_first_of("{ ")) == current->name);
    CHECK(LabelNamesOf(lines[i]) ==
          std::vector<std::string>(current->labels.begin(), current->labels.end()));
    ++samples[std::string(current->name)];
  }
  CHECK(samples.size() == pdtt::kFamilies.size());
}

TEST_CASE("help texts need no escaping and counters are called so") {
  for (const pdtt::FamilySpec& family : pdtt::kFamilies) {
    CHECK(!family.help.empty());
    CHECK(family.help.find_first_of("\\\n") == std::string_view::npos);
    constexpr std::string_view kTotal = "_total";
    const bool ends_in_total = family.name.size() > kTotal.size() &&
                               family.name.substr(family.name.size() - kTotal.size()) == kTotal;
    CHECK(ends_in_total == (family.type == pdtt::MetricType::kCounter));
  }
}

TEST_CASE("a page whose sink stops is not complete") {
  const pdtt::ExporterCounters counters;
  pdtt::Snapshot snapshot = pdtt::SampleSnapshot();
  snapshot.connections.resize(200, snapshot.connections.front());  // more than one piece
  const int accepted = GENERATE(0, 1);
  int calls = 0;
  CHECK_FALSE(pdtt::WriteMetricsPage(snapshot, counters, "/proc", kText,
                                     [&](std::string_view) { return ++calls <= accepted; }));
  CHECK(calls == accepted + 1);
}

TEST_CASE("what the sink throws reaches the caller") {
  const pdtt::ExporterCounters counters;
  CHECK_THROWS_WITH(pdtt::WriteMetricsPage(
                        pdtt::SampleSnapshot(), counters, "/proc", kText,
                        [](std::string_view) -> bool { throw std::runtime_error("client gone"); }),
                    "client gone");
}
