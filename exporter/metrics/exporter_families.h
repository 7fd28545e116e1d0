// SPDX-License-Identifier: Apache-2.0
// The exporter's own metrics (layers, programs, maps, build, process) in prometheus-cpp's model.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "model/snapshot.h"

namespace pdtt {

/// pdtt_map_* and pdtt_connection_handovers_total from a snapshot: counted for as long as its
/// users' traffic.
[[nodiscard]] std::vector<prometheus::MetricFamily> TableFamilies(const Snapshot& snapshot);

/// pdtt_layer_*, pdtt_program_*, pdtt_series_*, pdtt_collect_duration_seconds,
/// pdtt_snapshot_timestamp_seconds, pdtt_connections_* from a snapshot.
[[nodiscard]] std::vector<prometheus::MetricFamily> SnapshotFamilies(const Snapshot& snapshot);

/// The standard process_* metrics, read from `proc` (normally /proc); missing files are left out.
[[nodiscard]] std::vector<prometheus::MetricFamily> ProcessFamilies(
    const std::filesystem::path& proc);

/// pdtt_build_info.
[[nodiscard]] prometheus::MetricFamily BuildInfoFamily();

}  // namespace pdtt
