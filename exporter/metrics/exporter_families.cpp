// SPDX-License-Identifier: Apache-2.0
#include "metrics/exporter_families.h"

#include <chrono>
#include <optional>

#include "metrics/label_text.h"
#include "metrics/names.h"
#include "metrics/process_stats.h"
#include "metrics/prometheus_family.h"
#include "version.h"

namespace pdtt {
namespace {

using prometheus::MetricFamily;
using Seconds = std::chrono::duration<double>;

MetricFamily SingleValue(const FamilySpec& spec, double value) {
  MetricFamily family = EmptyFamily(spec);
  AddSample(family, spec, {}, value);
  return family;
}

void AddLayerFamilies(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  constexpr const FamilySpec& kUp = FamilyNamed("pdtt_layer_up");
  constexpr const FamilySpec& kInfo = FamilyNamed("pdtt_layer_info");
  MetricFamily up = EmptyFamily(kUp);
  MetricFamily info = EmptyFamily(kInfo);
  for (const LayerStatus& layer : snapshot.layers) {
    AddSample(up, kUp, {LabelValue(layer.layer)}, layer.up ? 1 : 0);
    AddSample(info, kInfo, {LabelValue(layer.layer), layer.mode, layer.reason}, 1);
  }
  families.push_back(std::move(up));
  families.push_back(std::move(info));
}

void AddProgramFamilies(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  constexpr const FamilySpec& kAttached = FamilyNamed("pdtt_program_attached");
  constexpr const FamilySpec& kRunTime = FamilyNamed("pdtt_program_run_seconds_total");
  constexpr const FamilySpec& kRuns = FamilyNamed("pdtt_program_runs_total");
  MetricFamily attached = EmptyFamily(kAttached);
  MetricFamily run_time = EmptyFamily(kRunTime);
  MetricFamily runs = EmptyFamily(kRuns);
  for (const ProgramStatus& program : snapshot.programs) {
    AddSample(attached, kAttached, {program.name}, program.attached ? 1 : 0);
    if (snapshot.program_statistics) {
      constexpr double kNanosecond = 1e-9;
      AddSample(run_time, kRunTime, {program.name},
                static_cast<double>(program.run_time_ns) * kNanosecond);
      AddSample(runs, kRuns, {program.name}, static_cast<double>(program.runs));
    }
  }
  families.push_back(std::move(attached));
  families.push_back(std::move(run_time));
  families.push_back(std::move(runs));
}

void AddMapFamilies(const Snapshot& snapshot, std::vector<MetricFamily>& families) {
  constexpr const FamilySpec& kEntries = FamilyNamed("pdtt_map_entries");
  constexpr const FamilySpec& kCapacity = FamilyNamed("pdtt_map_capacity");
  constexpr const FamilySpec& kFailures = FamilyNamed("pdtt_map_insert_failures_total");
  MetricFamily entries = EmptyFamily(kEntries);
  MetricFamily capacity = EmptyFamily(kCapacity);
  MetricFamily failures = EmptyFamily(kFailures);
  for (const MapStatus& map : snapshot.maps) {
    if (map.entries) {
      AddSample(entries, kEntries, {map.name}, static_cast<double>(*map.entries));
    }
    if (map.capacity) {
      AddSample(capacity, kCapacity, {map.name}, static_cast<double>(*map.capacity));
    }
    AddSample(failures, kFailures, {map.name}, static_cast<double>(map.insert_failures));
  }
  families.push_back(std::move(entries));
  families.push_back(std::move(capacity));
  families.push_back(std::move(failures));
}

}  // namespace

std::vector<MetricFamily> TableFamilies(const Snapshot& snapshot) {
  std::vector<MetricFamily> families;
  families.push_back(SingleValue(FamilyNamed("pdtt_connection_handovers_total"),
                                 static_cast<double>(snapshot.connection_handovers)));
  AddMapFamilies(snapshot, families);
  return families;
}

std::vector<MetricFamily> SnapshotFamilies(const Snapshot& snapshot) {
  std::vector<MetricFamily> families;
  families.push_back(SingleValue(FamilyNamed("pdtt_connections_tracked"),
                                 static_cast<double>(snapshot.connections_tracked)));
  families.push_back(SingleValue(FamilyNamed("pdtt_connections_exported"),
                                 static_cast<double>(snapshot.connections.size())));
  AddLayerFamilies(snapshot, families);
  AddProgramFamilies(snapshot, families);
  families.push_back(
      SingleValue(FamilyNamed("pdtt_series_exported"), static_cast<double>(snapshot.series)));
  families.push_back(
      SingleValue(FamilyNamed("pdtt_series_limit"), static_cast<double>(snapshot.series_limit)));
  families.push_back(SingleValue(FamilyNamed("pdtt_collect_duration_seconds"),
                                 Seconds(snapshot.collect_duration).count()));
  families.push_back(SingleValue(FamilyNamed("pdtt_snapshot_timestamp_seconds"),
                                 Seconds(snapshot.time.time_since_epoch()).count()));
  return families;
}

std::vector<MetricFamily> ProcessFamilies(const std::filesystem::path& proc) {
  const ProcessStats stats = ReadProcessStats(proc);
  std::vector<MetricFamily> families;
  const auto add = [&families](const FamilySpec& spec, const std::optional<double>& value) {
    if (value) {
      families.push_back(SingleValue(spec, *value));
    }
  };
  add(FamilyNamed("process_cpu_seconds_total"), stats.cpu_seconds);
  add(FamilyNamed("process_open_fds"), stats.open_fds);
  add(FamilyNamed("process_max_fds"), stats.max_fds);
  add(FamilyNamed("process_virtual_memory_bytes"), stats.virtual_memory_bytes);
  add(FamilyNamed("process_resident_memory_bytes"), stats.resident_memory_bytes);
  add(FamilyNamed("process_start_time_seconds"), stats.start_time_seconds);
  add(FamilyNamed("process_threads"), stats.threads);
  return families;
}

MetricFamily BuildInfoFamily() {
  constexpr const FamilySpec& kBuildInfo = FamilyNamed("pdtt_build_info");
  MetricFamily family = EmptyFamily(kBuildInfo);
  AddSample(family, kBuildInfo, {kVersion, kRevision}, 1);
  return family;
}

}  // namespace pdtt
