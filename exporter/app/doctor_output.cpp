// SPDX-License-Identifier: Apache-2.0
#include "app/doctor_output.h"

#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>

namespace pdtt {
namespace {

constexpr std::size_t kColumns = 100;
constexpr int kNameWidth = 25;
constexpr int kVerdictWidth = 9;
constexpr std::size_t kDetailColumn = kNameWidth + kVerdictWidth;

std::string_view KindName(DiagnosisKind kind) {
  switch (kind) {
    case DiagnosisKind::kLayer:
      return "layer";
    case DiagnosisKind::kWay:
      return "way";
    case DiagnosisKind::kProgram:
      return "program";
    case DiagnosisKind::kHost:
      break;
  }
  return "host";
}

std::size_t Indent(const DiagnosisRow& row, bool below_way) {
  switch (row.kind) {
    case DiagnosisKind::kWay:
      return 2;
    case DiagnosisKind::kProgram:
      return below_way ? 4 : 2;
    default:
      return 0;
  }
}

// Breaks lines at blanks; goes on at the column of the details, where the first line begins.
void PrintWrapped(std::string_view text, std::ostream& out) {
  std::istringstream words{std::string{text}};
  std::size_t column = kDetailColumn;
  for (std::string word; words >> word;) {
    if (column > kDetailColumn && column + 1 + word.size() > kColumns) {
      out << '\n' << std::string(kDetailColumn, ' ');
      column = kDetailColumn;
    } else if (column > kDetailColumn) {
      out << ' ';
      ++column;
    }
    out << word;
    column += word.size();
  }
  out << '\n';
}

void PrintHead(std::string_view name, std::string_view verdict, std::ostream& out) {
  out << std::left << std::setw(kNameWidth) << name << std::setw(kVerdictWidth) << verdict;
}

// What the row above says already is not said again.
void PrintRow(const DiagnosisRow& row, const DiagnosisRow& above, bool below_way,
              std::ostream& out) {
  const std::string kind = row.kind == DiagnosisKind::kWay ? "by " : "";
  PrintHead(std::string(Indent(row, below_way), ' ') + kind + row.name, row.can_run ? "yes" : "no",
            out);
  const bool same_remedy = row.remedy == above.remedy;
  PrintWrapped(!row.can_run && same_remedy && row.detail == above.detail ? "the same" : row.detail,
               out);
  if (!row.remedy.empty() && !same_remedy) {
    out << std::string(kDetailColumn, ' ');
    PrintWrapped("-> " + row.remedy, out);
  }
}

}  // namespace

void PrintText(const Diagnosis& diagnosis, std::ostream& out) {
  out << "Linux " << diagnosis.kernel << " (" << diagnosis.machine << ")\n";
  bool below_way = false;
  DiagnosisRow above;
  for (const DiagnosisRow& row : diagnosis.rows) {
    const bool first_of_host =
        row.kind == DiagnosisKind::kHost && (above.name.empty() || above.kind != row.kind);
    if (first_of_host) {
      out << '\n';
      PrintHead("HOST", "FINE", out);
      out << "WHAT IS THERE\n";
    } else if (above.name.empty()) {
      out << '\n';
      PrintHead("LAYER", "CAN RUN", out);
      out << "HOW, OR WHY NOT\n";
    }
    below_way =
        row.kind == DiagnosisKind::kWay || (row.kind == DiagnosisKind::kProgram && below_way);
    PrintRow(row, above, below_way, out);
    above = row;
  }
}

void PrintJson(const Diagnosis& diagnosis, std::ostream& out) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const DiagnosisRow& row : diagnosis.rows) {
    rows.push_back({{"kind", KindName(row.kind)},
                    {"name", row.name},
                    {"layer", row.layer},
                    {"can_run", row.can_run},
                    {"detail", row.detail},
                    {"remedy", row.remedy}});
  }
  const nlohmann::ordered_json object = {
      {"can_run", diagnosis.can_run}, {"kernel", diagnosis.kernel}, {"machine", diagnosis.machine},
      {"cgroup", diagnosis.cgroup},   {"rows", std::move(rows)},
  };
  // The names of files may hold bytes that are no UTF-8.
  out << object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace pdtt
