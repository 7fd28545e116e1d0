// SPDX-License-Identifier: Apache-2.0
#include "app/doctor.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "app/doctor_host.h"
#include "app/doctor_output.h"

namespace pdtt {
namespace {

using Catch::Contains;

Refusal Closed() {
  return {
      "Operation not permitted, though no capability is missing: the kernel is locked down "
      "(integrity, by CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY in /proc/config.gz)",
      "only a kernel that is not locked down like this one allows it"};
}

Diagnosis Example() {
  Diagnosis diagnosis;
  diagnosis.can_run = true;
  diagnosis.kernel = "6.1.0-56-amd64";
  diagnosis.machine = "x86_64";
  diagnosis.cgroup = "/sys/fs/cgroup";
  diagnosis.rows = {
      MakeRow(DiagnosisKind::kLayer, "socket", "socket", {}, "kprobe"),
      MakeRow(DiagnosisKind::kWay, "fentry", "socket", Closed(), "works"),
      MakeRow(DiagnosisKind::kProgram, "inet_sendmsg_exit", "socket", Closed(), "loads"),
      MakeRow(DiagnosisKind::kWay, "kprobe", "socket", {}, "works"),
      MakeRow(DiagnosisKind::kProgram, "kprobe_udp_send", "socket", {}, "loads"),
      MakeRow(DiagnosisKind::kHost, "btf", "", {}, "/sys/kernel/btf/vmlinux"),
  };
  return diagnosis;
}

std::string Text(const Diagnosis& diagnosis) {
  std::ostringstream out;
  PrintText(diagnosis, out);
  return out.str();
}

std::string Json(const Diagnosis& diagnosis) {
  std::ostringstream out;
  PrintJson(diagnosis, out);
  return out.str();
}

HostFindings Findings() {
  HostFindings findings;
  findings.facts.btf = "/sys/kernel/btf/vmlinux";
  findings.facts.capabilities = {Capability::kBpf, Capability::kPerfmon, Capability::kNetAdmin};
  findings.cgroup = "/sys/fs/cgroup";
  findings.whole_host = true;
  findings.counts = true;
  return findings;
}

DiagnosisRow HostRow(const HostFindings& findings, const std::string& name) {
  const std::vector<DiagnosisRow> rows = HostRows(findings);
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const DiagnosisRow& row) { return row.name == name; });
  REQUIRE(found != rows.end());
  return *found;
}

TEST_CASE("The table shows every row, wraps at 100 columns, and says nothing twice", "[doctor]") {
  CHECK(
      Text(Example()) ==
      "Linux 6.1.0-56-amd64 (x86_64)\n"
      "\n"
      "LAYER                    CAN RUN  HOW, OR WHY NOT\n"
      "socket                   yes      kprobe\n"
      "  by fentry              no       Operation not permitted, though no capability is missing: "
      "the\n"
      "                                  kernel is locked down (integrity, by\n"
      "                                  CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY in "
      "/proc/config.gz)\n"
      "                                  -> only a kernel that is not locked down like this one "
      "allows it\n"
      "    inet_sendmsg_exit    no       the same\n"
      "  by kprobe              yes      works\n"
      "    kprobe_udp_send      yes      loads\n"
      "\n"
      "HOST                     FINE     WHAT IS THERE\n"
      "btf                      yes      /sys/kernel/btf/vmlinux\n");
}

TEST_CASE("A word that is longer than a line is not cut", "[doctor]") {
  Diagnosis diagnosis = Example();
  const std::string path = "/" + std::string(120, 'x');
  diagnosis.rows = {MakeRow(DiagnosisKind::kHost, "cgroup2", "", {}, "at " + path + " mounted")};
  CHECK_THAT(Text(diagnosis), Contains("\n                                  " + path + "\n"));
}

TEST_CASE("The JSON holds the same, in full", "[doctor]") {
  const nlohmann::json object = nlohmann::json::parse(Json(Example()));
  CHECK(object.at("can_run") == true);
  CHECK(object.at("kernel") == "6.1.0-56-amd64");
  CHECK(object.at("machine") == "x86_64");
  CHECK(object.at("cgroup") == "/sys/fs/cgroup");
  REQUIRE(object.at("rows").size() == 6);
  const nlohmann::json expected = {
      {"kind", "program"}, {"name", "inet_sendmsg_exit"}, {"layer", "socket"},
      {"can_run", false},  {"detail", Closed().reason},   {"remedy", Closed().remedy},
  };
  CHECK(object.at("rows").at(2) == expected);
  CHECK(object.at("rows").at(0).at("kind") == "layer");
  CHECK(object.at("rows").at(1).at("kind") == "way");
  CHECK(object.at("rows").at(5).at("kind") == "host");
  CHECK(object.at("rows").at(5).at("layer").get<std::string>().empty());
}

TEST_CASE("Whatever bytes a path has, the JSON is valid", "[doctor]") {
  Diagnosis diagnosis = Example();
  diagnosis.cgroup = "/sys/fs/\xff\"\n";
  CHECK(nlohmann::json::parse(Json(diagnosis)).at("cgroup") == "/sys/fs/\xef\xbf\xbd\"\n");
}

TEST_CASE("A row that can run has no remedy, one that can't has the refusal's", "[doctor]") {
  const DiagnosisRow can = MakeRow(DiagnosisKind::kLayer, "xdp", "xdp", {"", "unused"}, "loads");
  CHECK(can.can_run);
  CHECK(can.detail == "loads");
  CHECK(can.remedy.empty());
  const DiagnosisRow cannot = MakeRow(DiagnosisKind::kLayer, "xdp", "xdp", Closed(), "loads");
  CHECK_FALSE(cannot.can_run);
  CHECK(cannot.detail == Closed().reason);
  CHECK(cannot.remedy == Closed().remedy);
}

TEST_CASE("A host where all is well has no row that is not", "[doctor]") {
  for (const DiagnosisRow& row : HostRows(Findings())) {
    INFO(row.name);
    CHECK(row.can_run);
    CHECK_FALSE(row.detail.empty());
    CHECK(row.kind == DiagnosisKind::kHost);
    CHECK(row.layer.empty());
  }
}

TEST_CASE("Missing privileges are in the row of the capabilities", "[doctor]") {
  HostFindings findings = Findings();
  CHECK(HostRow(findings, "capabilities").detail == "has CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN");
  findings.facts.capabilities.erase(Capability::kBpf);
  CHECK(HostRow(findings, "capabilities").detail == "missing capability CAP_BPF");
  findings.facts.initial_user_namespace = false;
  CHECK_THAT(HostRow(findings, "capabilities").detail, Contains("user namespace"));
}

TEST_CASE("An unreadable configuration and an unknown lockdown are said to be so", "[doctor]") {
  const HostFindings findings = Findings();
  CHECK_THAT(HostRow(findings, "configuration").detail, Contains("cannot be read"));
  CHECK_THAT(HostRow(findings, "lockdown").detail, Contains("unknown"));
}

TEST_CASE("cgroup v1 is in the way on old kernels that count a part of the host", "[doctor]") {
  HostFindings findings = Findings();
  findings.facts.network_cgroups = {"/sys/fs/cgroup/net_cls"};
  for (const std::optional<bool> hides : {std::optional<bool>{}, {false}, {true}}) {
    for (const bool whole_host : {true, false}) {
      findings.facts.network_cgroups_hide_sockets = hides;
      findings.whole_host = whole_host;
      const DiagnosisRow row = HostRow(findings, "cgroup_v1");
      CHECK_THAT(row.detail, Contains("/sys/fs/cgroup/net_cls"));
      CHECK(row.can_run == (hides != true || whole_host));
      CHECK(row.remedy.empty() == row.can_run);
    }
  }
}

TEST_CASE("A memory limit matters if nothing can be counted because of it", "[doctor]") {
  HostFindings findings = Findings();
  findings.facts.memlock_limit = 65536;
  findings.facts.memlock_limits_bpf = true;
  CHECK(HostRow(findings, "memlock").can_run);
  findings.counts = false;
  CHECK_FALSE(HostRow(findings, "memlock").can_run);
  findings.facts.memlock_limits_bpf = false;
  CHECK(HostRow(findings, "memlock").can_run);
}

TEST_CASE("Who of this host may connect is a row, and why others can, too", "[doctor]") {
  HostFindings findings = Findings();
  CHECK(HostRow(findings, "local_users").detail == "nobody of this host may connect");
  findings.local_users = {{{"root", 0}, {"1000", 1000}}, {"prometheus"}};
  CHECK(HostRow(findings, "local_users").detail ==
        "may connect: root, 1000; others get EPERM; no such user: prometheus");
  findings.connect_guard = {"no cgroup2 is mounted", "mount one"};
  const DiagnosisRow row = HostRow(findings, "local_users");
  CHECK_FALSE(row.can_run);
  CHECK(row.detail == "no cgroup2 is mounted");
  CHECK(row.remedy == "mount one");
}

TEST_CASE("A missing cgroup2 and what is not found are rows with a remedy", "[doctor]") {
  HostFindings findings = Findings();
  findings.cgroup_refusal = {"no cgroup2 file system is mounted", "mount one"};
  findings.problems = {"2 network namespaces cannot be entered", "iter_udp: refused"};
  CHECK(HostRow(findings, "cgroup2").remedy == "mount one");
  const DiagnosisRow older = HostRow(findings, "older_sockets");
  CHECK(older.detail == "2 network namespaces cannot be entered; iter_udp: refused");
  CHECK_FALSE(older.remedy.empty());
}

TEST_CASE("On whatever host this is, doctor finds every layer and way, each with a reason",
          "[doctor]") {
  Config config;
  config.cgroup = "/nosuch/cgroup";
  const Diagnosis diagnosis = Diagnose(config);
  CHECK_FALSE(diagnosis.can_run);
  CHECK_FALSE(diagnosis.kernel.empty());
  std::size_t layers = 0;
  std::size_t ways = 0;
  for (const DiagnosisRow& row : diagnosis.rows) {
    INFO(row.name << ": " << row.detail);
    layers += row.kind == DiagnosisKind::kLayer ? 1 : 0;
    ways += row.kind == DiagnosisKind::kWay ? 1 : 0;
    CHECK_FALSE(row.detail.empty());
    CHECK(row.remedy.empty() == row.can_run);
  }
  CHECK(layers == 4);
  CHECK(ways == 3);
}

}  // namespace
}  // namespace pdtt
