// SPDX-License-Identifier: Apache-2.0
#include "metrics/page.h"

#include <iterator>
#include <utility>
#include <vector>

#include <prometheus/text_serializer.h>

#include "metrics/exporter_families.h"
#include "metrics/exposition.h"

namespace pdtt {
namespace {

void Append(std::vector<prometheus::MetricFamily>& families,
            std::vector<prometheus::MetricFamily> more) {
  families.insert(families.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

}  // namespace

bool WriteMetricsPage(const Snapshot& snapshot, const ExporterCounters& counters,
                      const std::filesystem::path& proc, const TextSink& sink) {
  if (!WriteTrafficFamilies(snapshot, sink)) {
    return false;
  }
  std::vector<prometheus::MetricFamily> families = SnapshotFamilies(snapshot);
  Append(families, counters.Collect());
  families.push_back(BuildInfoFamily());
  Append(families, ProcessFamilies(proc));
  return sink(prometheus::TextSerializer().Serialize(families));
}

}  // namespace pdtt
