// SPDX-License-Identifier: Apache-2.0
// Holds docs/metrics.md to the table in names.h.
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "metrics/names.h"

namespace {

struct Documented {
  std::string type;
  std::vector<std::string> labels;

  bool operator==(const Documented&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Documented& family) {
  out << family.type;
  for (const std::string& label : family.labels) {
    out << ' ' << label;
  }
  return out;
}

// The cells of a table row, without the bars.
std::vector<std::string> Cells(const std::string& row) {
  std::vector<std::string> cells;
  std::size_t begin = 1;
  for (std::size_t end = row.find('|', begin); end != std::string::npos;
       end = row.find('|', begin)) {
    cells.push_back(row.substr(begin, end - begin));
    begin = end + 1;
  }
  return cells;
}

// The words of a cell that stand in backticks.
std::vector<std::string> Quoted(const std::string& cell) {
  std::vector<std::string> words;
  std::size_t open = cell.find('`');
  while (open != std::string::npos) {
    const std::size_t close = cell.find('`', open + 1);
    REQUIRE(close != std::string::npos);
    words.push_back(cell.substr(open + 1, close - open - 1));
    open = cell.find('`', close + 1);
  }
  return words;
}

std::map<std::string, Documented> DocumentedFamilies() {
  std::ifstream document(PDTT_METRICS_DOCUMENT);
  REQUIRE(document);
  std::map<std::string, Documented> families;
  for (std::string line; std::getline(document, line);) {
    if (line.compare(0, 3, "| `") != 0) {
      continue;
    }
    const std::vector<std::string> cells = Cells(line);
    REQUIRE(cells.size() == 4);
    const std::size_t first = cells[1].find_first_not_of(' ');
    const std::string type = cells[1].substr(first, cells[1].find_last_not_of(' ') + 1 - first);
    for (const std::string& name : Quoted(cells[0])) {
      INFO("documented twice: " << name);
      CHECK(families.emplace(name, Documented{type, Quoted(cells[2])}).second);
    }
  }
  return families;
}

std::map<std::string, Documented> TableFamilies() {
  std::map<std::string, Documented> families;
  for (const pdtt::FamilySpec& family : pdtt::kFamilies) {
    families.emplace(family.name,
                     Documented{family.type == pdtt::MetricType::kCounter ? "counter" : "gauge",
                                {family.labels.begin(), family.labels.end()}});
  }
  return families;
}

}  // namespace

TEST_CASE("the document lists the families that are served, with their types and labels") {
  const auto documented = DocumentedFamilies();
  const auto served = TableFamilies();
  REQUIRE(served.size() == pdtt::kFamilies.size());
  for (const auto& [name, family] : served) {
    INFO("served: " << name);
    const auto found = documented.find(name);
    CHECK(found != documented.end());
    if (found != documented.end()) {
      CHECK(found->second == family);
    }
  }
  for (const auto& [name, family] : documented) {
    INFO("documented: " << name);
    CHECK(served.count(name) == 1);
  }
}
