// SPDX-License-Identifier: Apache-2.0
#include "app/doctor.h"

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "app/doctor_host.h"
#include "app/kernel_options.h"
#include "bpf/host.h"
#include "bpf/kernel_source.h"
#include "bpf/socket_ways.h"
#include "metrics/label_text.h"

namespace pdtt {
namespace {

constexpr std::array kAllLayers = {Layer::kXdp, Layer::kSockops, Layer::kCgroup, Layer::kSocket};

struct Trials {
  std::map<Layer, Refusal> layers;
  std::map<Layer, std::string> modes;
  std::map<SocketWay, Refusal> ways;
  std::map<std::string, Refusal, std::less<>> programs;
  std::set<std::string, std::less<>> attached;
  std::vector<std::string> problems;
  Refusal connect_guard;
};

// Errors of the start have the remedy behind the first semicolon.
Refusal ToRefusal(const std::exception& error) {
  const std::string text = error.what();
  const std::size_t end = text.find("; ");
  if (end == std::string::npos) {
    return {text, "tell the developers, with what `pdtt-exporter doctor --json` prints"};
  }
  return {text.substr(0, end), text.substr(end + 2)};
}

Layer LayerOf(ProgramPart part) {
  switch (part) {
    case ProgramPart::kXdp:
      return Layer::kXdp;
    case ProgramPart::kSockops:
      return Layer::kSockops;
    case ProgramPart::kSocket:
      return Layer::kSocket;
    case ProgramPart::kCgroup:
    case ProgramPart::kOlderSockets:
    case ProgramPart::kConnections:
    case ProgramPart::kConnectGuard:
      break;
  }
  return Layer::kCgroup;
}

void RefuseAll(const Refusal& refusal, Trials& trials) {
  for (const Layer layer : kAllLayers) {
    trials.layers[layer] = refusal;
  }
  for (const SocketWay way : {SocketWay::kTracepoint, SocketWay::kFentry, SocketWay::kKprobe}) {
    trials.ways[way] = refusal;
  }
  for (const ProgramInfo& info : AllPrograms()) {
    trials.programs[info.name] = refusal;
  }
}

void TryLayers(const Config& config, Trials& trials) {
  Config without_xdp = config;
  without_xdp.xdp = XdpMode::kOff;
  without_xdp.interfaces.clear();
  without_xdp.persist = false;
  try {
    KernelSource source{ToKernelOptions(without_xdp)};
    const Layers& layers = source.AttachedLayers();
    for (const LayerStatus& status : layers.Status()) {
      trials.layers[status.layer] = {status.reason, status.remedy};
      trials.modes[status.layer] = status.mode;
    }
    for (const ProgramStatus& program : layers.ProgramStatuses()) {
      if (program.attached) {
        trials.attached.insert(program.name);
      }
    }
    trials.problems = layers.Problems();
    trials.connect_guard = layers.ConnectGuardRefusal();
    if (trials.connect_guard.reason.empty()) {
      trials.connect_guard = TryConnectGuard(source.Guard());
    }
  } catch (const std::exception& error) {
    const Refusal refusal = ToRefusal(error);
    for (const Layer layer : kAllLayers) {
      trials.layers[layer] = {"nothing runs without the cgroup layer", refusal.remedy};
    }
    trials.layers[Layer::kCgroup] = refusal;
  }
  if (config.socket == SocketMode::kOff) {
    trials.layers[Layer::kSocket].remedy = "set layers.socket to auto";
  }
}

void TryWays(Trials& trials) {
  try {
    for (const WayTrial& trial : TrySocketWays()) {
      trials.ways[trial.way] = trial.refusal;
    }
  } catch (const std::exception& error) {
    trials.ways[SocketWay::kNone] = ToRefusal(error);
  }
}

Refusal TryProgram(const ProgramInfo& info, const Trials& trials) {
  if (trials.attached.contains(info.name)) {
    return {};
  }
  try {
    if (Refusal refusal = ProbeProgram(info.name); !refusal.reason.empty()) {
      return refusal;
    }
  } catch (const std::exception& error) {
    return ToRefusal(error);
  }
  const auto way = trials.ways.find(info.way);
  if (way == trials.ways.end() || way->second.reason.empty()) {
    return {};
  }
  return {"loads, but the way by " + std::string{WayName(info.way)} + " is closed",
          way->second.remedy};
}

// Only loaded, so its state is judged here.
void TryXdp(const Config& config, Trials& trials) {
  if (!trials.layers[Layer::kCgroup].reason.empty()) {
    return;
  }
  Refusal& refusal = trials.layers[Layer::kXdp];
  refusal = trials.programs["xdp_tracker"];
  trials.modes[Layer::kXdp] = config.interfaces.empty()
                                  ? "loads; stays off until --interface=NAME names an interface"
                                  : "loads; attached when the exporter runs";
  if (config.xdp == XdpMode::kOff) {
    refusal = {"switched off by the configuration", "set layers.xdp to auto"};
  }
  try {
    for (const std::string& name : config.interfaces) {
      static_cast<void>(InterfaceIndex(name));
    }
  } catch (const std::exception& error) {
    refusal = ToRefusal(error);
  }
}

Trials TryAll(const Config& config, const Refusal& basics) {
  Trials trials;
  if (!basics.reason.empty()) {
    RefuseAll(basics, trials);
    return trials;
  }
  TryLayers(config, trials);
  TryWays(trials);
  for (const ProgramInfo& info : AllPrograms()) {
    trials.programs[info.name] = TryProgram(info, trials);
  }
  TryXdp(config, trials);
  return trials;
}

class Rows {
 public:
  explicit Rows(const Trials& trials) : trials_(trials) {}

  std::vector<DiagnosisRow> Make() && {
    for (const Layer layer : kAllLayers) {
      Add(DiagnosisKind::kLayer, LabelValue(layer), layer, Find(trials_.layers, layer),
          Find(trials_.modes, layer));
      AddPrograms(layer, SocketWay::kNone);
      if (layer == Layer::kSocket) {
        for (const auto& [way, refusal] : trials_.ways) {
          Add(DiagnosisKind::kWay, WayName(way), layer, refusal, "works");
          AddPrograms(layer, way);
        }
      }
    }
    return std::move(rows_);
  }

 private:
  template <typename Map, typename Key>
  static typename Map::mapped_type Find(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? typename Map::mapped_type{} : found->second;
  }

  void Add(DiagnosisKind kind, std::string_view name, Layer layer, const Refusal& refusal,
           std::string_view detail) {
    rows_.push_back(MakeRow(kind, name, LabelValue(layer), refusal, detail));
  }

  void AddPrograms(Layer layer, SocketWay way) {
    for (const ProgramInfo& info : AllPrograms()) {
      if (LayerOf(info.part) == layer && info.way == way) {
        Add(DiagnosisKind::kProgram, info.name, layer, Find(trials_.programs, info.name),
            trials_.attached.contains(info.name) ? "loads and attaches" : "loads");
      }
    }
  }

  const Trials& trials_;
  std::vector<DiagnosisRow> rows_;
};

// The mount that is used unless the configuration names a part of it.
std::filesystem::path CgroupOf(const Config& config, Refusal& refusal) {
  std::filesystem::path cgroup;
  try {
    cgroup =
        config.cgroup ? std::filesystem::path{*config.cgroup} : FindCgroup2("/proc/self/mounts");
    RequireCgroup2(cgroup);
  } catch (const std::exception& error) {
    refusal = ToRefusal(error);
  }
  return cgroup;
}

}  // namespace

DiagnosisRow MakeRow(DiagnosisKind kind, std::string_view name, std::string_view layer,
                     const Refusal& refusal, std::string_view detail) {
  const bool can_run = refusal.reason.empty();
  return {kind,
          std::string{name},
          std::string{layer},
          can_run,
          can_run ? std::string{detail} : refusal.reason,
          can_run ? std::string{} : refusal.remedy};
}

Diagnosis Diagnose(const Config& config) {
  const KernelFacts facts = ReadKernelFacts();
  const Trials trials = TryAll(config, RefusalOfBpf(facts));

  HostFindings findings;
  findings.facts = facts;
  findings.counts = trials.layers.at(Layer::kCgroup).reason.empty();
  findings.problems = trials.problems;
  findings.connect_guard = trials.connect_guard;
  findings.local_users = FindLocalUsers(config.web_local_users);
  findings.cgroup = CgroupOf(config, findings.cgroup_refusal);
  findings.whole_host = CgroupId(findings.cgroup) == kRootCgroup;

  Diagnosis diagnosis;
  diagnosis.can_run = findings.counts;
  diagnosis.kernel = facts.release;
  diagnosis.machine = facts.machine;
  diagnosis.cgroup = findings.cgroup.string();
  diagnosis.rows = Rows{trials}.Make();
  for (DiagnosisRow& row : HostRows(findings)) {
    diagnosis.rows.push_back(std::move(row));
  }
  return diagnosis;
}

}  // namespace pdtt
