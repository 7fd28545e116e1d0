// SPDX-License-Identifier: Apache-2.0
// Results, one JSON object in each line of standard output.
#pragma once

#include <cstdint>
#include <iostream>
#include <string>

namespace pdtt::bench {

struct Result {
  std::string what;   // of what: the layout
  std::string where;  // the case
  double ns = 0;      // for each packet
  double above_empty = 0;
  double to_original = 0;  // median of the pairs' ratios, both above the empty program; 0: none
  double lowest = 0;       // above the empty program, by the quickest rounds of both
};

// No value has a character that JSON would want escaped.
inline void Print(const Result& result) {
  std::cout << R"({"what": ")" << result.what << R"(", "case": ")" << result.where << R"(", "ns": )"
            << result.ns << R"(, "above_empty": )" << result.above_empty << R"(, "to_original": )"
            << result.to_original << R"(, "lowest": )" << result.lowest << "}" << std::endl;
}

}  // namespace pdtt::bench
