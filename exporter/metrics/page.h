// SPDX-License-Identifier: Apache-2.0
// The whole /metrics page: traffic from the snapshot, then what concerns the exporter itself.
#pragma once

#include <filesystem>

#include "metrics/exporter_counters.h"
#include "metrics/text_sink.h"
#include "metrics/text_writer.h"
#include "model/snapshot.h"

namespace pdtt {

/// Writes every family of the table in names.h once; process_* are read below `proc` (normally
/// /proc). False if the sink stopped it. What the sink throws goes through to the caller.
bool WriteMetricsPage(const Snapshot& snapshot, const ExporterCounters& counters,
                      const std::filesystem::path& proc, PageFormat format, const TextSink& sink);

}  // namespace pdtt
