// SPDX-License-Identifier: Apache-2.0
#include "metrics/exporter_families.h"

#include <stdexcept>
#include <string>
#include <string_view>

#include <prometheus/text_serializer.h>
#include <catch2/catch.hpp>

#include "metrics/names.h"
#include "metrics/prometheus_family.h"
#include "sample_snapshot.h"
#include "version.h"

namespace {

std::string Text(const std::vector<prometheus::MetricFamily>& families) {
  return prometheus::TextSerializer().Serialize(families);
}

// The lines that are not HELP or TYPE: their text is in the table.
std::string Samples(const std::string& page) {
  std::string samples;
  std::size_t begin = 0;
  while (begin < page.size()) {
    const std::size_t end = page.find('\n', begin) + 1;
    if (page[begin] != '#') {
      samples += page.substr(begin, end - begin);
    }
    begin = end;
  }
  return samples;
}

}  // namespace

TEST_CASE("layers, programs and maps have their samples in the contract's order of labels") {
  CHECK(Samples(Text(pdtt::SnapshotFamilies(pdtt::SampleSnapshot()))) ==
        R"(pdtt_connections_tracked 54
pdtt_connections_exported 2
pdtt_layer_up{layer="xdp"} 0
pdtt_layer_up{layer="sockops"} 1
pdtt_layer_up{layer="cgroup"} 1
pdtt_layer_up{layer="socket"} 1
pdtt_layer_info{layer="xdp",mode="off",reason="no interface is configured"} 1
pdtt_layer_info{layer="sockops",mode="attached",reason=""} 1
pdtt_layer_info{layer="cgroup",mode="attached",reason=""} 1
pdtt_layer_info{layer="socket",mode="tracepoint",reason=""} 1
pdtt_program_attached{program="cgroup_skb_ingress"} 1
pdtt_program_attached{program="xdp_tracker"} 0
pdtt_program_run_seconds_total{program="cgroup_skb_ingress"} 2.5
pdtt_program_run_seconds_total{program="xdp_tracker"} 0
pdtt_program_runs_total{program="cgroup_skb_ingress"} 56
pdtt_program_runs_total{program="xdp_tracker"} 0
pdtt_series_exported 59
pdtt_series_limit 20000
pdtt_collect_duration_seconds 0.0015
pdtt_snapshot_timestamp_seconds 1700000000.25
)");
}

TEST_CASE("what is counted for as long as users are stands together") {
  CHECK(Samples(Text(pdtt::TableFamilies(pdtt::SampleSnapshot()))) ==
        R"(pdtt_connection_handovers_total 55
pdtt_map_entries{map="account_map"} 57
pdtt_map_capacity{map="account_map"} 4096
pdtt_map_insert_failures_total{map="account_map"} 58
)");
}

TEST_CASE("program run times have no samples while the kernel does not measure them") {
  pdtt::Snapshot snapshot = pdtt::SampleSnapshot();
  snapshot.program_statistics = false;
  const std::string text = Text(pdtt::SnapshotFamilies(snapshot));
  CHECK_THAT(text, Catch::Contains("# TYPE pdtt_program_run_seconds_total counter\n"));
  CHECK_THAT(text, Catch::Contains("# TYPE pdtt_program_runs_total counter\n"));
  CHECK_THAT(text, !Catch::Contains("\npdtt_program_run"));
  CHECK_THAT(text, Catch::Contains("\npdtt_program_attached{program=\"xdp_tracker\"} 0\n"));
}

TEST_CASE("a reason with a newline, quotes or bad UTF-8 stays one valid line") {
  pdtt::Snapshot snapshot;
  snapshot.layers = {{pdtt::Layer::kXdp, false, "off", "no\n\"driver\" \xFF", ""}};
  CHECK_THAT(Text(pdtt::SnapshotFamilies(snapshot)),
             Catch::Contains("reason=\"no\\n\\\"driver\\\" \xEF\xBF\xBD\"} 1\n"));
}

TEST_CASE("a sample needs a value for each label of its family") {
  const pdtt::FamilySpec& spec = pdtt::FamilyNamed("pdtt_layer_info");
  prometheus::MetricFamily family = pdtt::EmptyFamily(spec);
  CHECK_THROWS_AS(pdtt::AddSample(family, spec, {"xdp"}, 1), std::invalid_argument);
  CHECK(family.metric.empty());
}

TEST_CASE("build information names the version and the revision") {
  CHECK(Samples(Text({pdtt::BuildInfoFamily()})) ==
        "pdtt_build_info{version=\"" + std::string(pdtt::kVersion) + "\",revision=\"" +
            std::string(pdtt::kRevision) + "\"} 1\n");
}

TEST_CASE("process families are left out where proc has no such file") {
  CHECK(pdtt::ProcessFamilies("/nonexistent").empty());
  CHECK(pdtt::ProcessFamilies("/proc").size() == 7);
}
