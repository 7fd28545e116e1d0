// SPDX-License-Identifier: Apache-2.0
// Prints the metrics page of the sample snapshot, for the parsers of others to check; with the
// argument `openmetrics` in that format.
#include <exception>
#include <iostream>
#include <string_view>

#include "metrics/page.h"
#include "sample_snapshot.h"

int main(int argc, char** argv) {
  try {
    const auto format = argc > 1 && std::string_view(argv[1]) == "openmetrics"
                            ? pdtt::PageFormat::kOpenMetrics
                            : pdtt::PageFormat::kText;
    const pdtt::ExporterCounters counters;
    const bool complete = pdtt::WriteMetricsPage(
        pdtt::SampleSnapshot(), counters, "/proc", format,
        [](std::string_view piece) { return static_cast<bool>(std::cout << piece); });
    return complete ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
