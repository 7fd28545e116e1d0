// SPDX-License-Identifier: Apache-2.0
// Prints the metrics page of the sample snapshot, for promtool to check.
#include <exception>
#include <iostream>
#include <string_view>

#include "metrics/page.h"
#include "sample_snapshot.h"

int main() {
  try {
    const pdtt::ExporterCounters counters;
    const bool complete = pdtt::WriteMetricsPage(
        pdtt::SampleSnapshot(), counters, "/proc",
        [](std::string_view piece) { return static_cast<bool>(std::cout << piece); });
    return complete ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
