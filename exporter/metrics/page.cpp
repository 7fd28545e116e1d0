// SPDX-License-Identifier: Apache-2.0
#include "metrics/page.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "metrics/exporter_families.h"
#include "metrics/exposition.h"
#include "metrics/label_text.h"

namespace pdtt {
namespace {

const FamilySpec& SpecOf(const prometheus::MetricFamily& family) {
  const auto* const found =
      std::find_if(kFamilies.begin(), kFamilies.end(),
                   [&family](const FamilySpec& spec) { return spec.name == family.name; });
  if (found == kFamilies.end()) {
    throw std::logic_error("no family " + family.name);
  }
  return *found;
}

std::string LabelTextOf(const prometheus::ClientMetric& metric) {
  std::string text;
  for (const auto& label : metric.label) {
    text += text.empty() ? "" : ",";
    AppendLabel(text, label.name, label.value);
  }
  return text;
}

void Write(const prometheus::MetricFamily& family, TextWriter& writer) {
  const FamilySpec& spec = SpecOf(family);
  writer.BeginFamily(spec);
  for (const prometheus::ClientMetric& metric : family.metric) {
    writer.AddSample(LabelTextOf(metric),
                     spec.type == MetricType::kCounter ? metric.counter.value : metric.gauge.value);
  }
}

void Write(const std::vector<prometheus::MetricFamily>& families, TextWriter& writer) {
  for (const prometheus::MetricFamily& family : families) {
    Write(family, writer);
  }
}

// Of the process, by its own family.
TextWriter::Time StartTime(const std::vector<prometheus::MetricFamily>& families) {
  for (const prometheus::MetricFamily& family : families) {
    if (family.name == FamilyNamed("process_start_time_seconds").name && !family.metric.empty()) {
      return TextWriter::Time{} +
             std::chrono::duration_cast<TextWriter::Time::duration>(
                 std::chrono::duration<double>(family.metric.front().gauge.value));
    }
  }
  return {};
}

}  // namespace

bool WriteMetricsPage(const Snapshot& snapshot, const ExporterCounters& counters,
                      const std::filesystem::path& proc, PageFormat format, const TextSink& sink) {
  TextWriter writer(sink, format);
  WriteTrafficFamilies(snapshot, writer);
  if (writer.Stopped()) {
    return false;
  }
  writer.SetCreated(snapshot.since.accounts);
  Write(TableFamilies(snapshot), writer);
  const std::vector<prometheus::MetricFamily> process = ProcessFamilies(proc);
  writer.SetCreated(StartTime(process));
  Write(SnapshotFamilies(snapshot), writer);
  Write(counters.Collect(), writer);
  Write({BuildInfoFamily()}, writer);
  Write(process, writer);
  return writer.Finish();
}

}  // namespace pdtt
