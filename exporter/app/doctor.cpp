// SPDX-License-Identifier: Apache-2.0
#include "app/doctor.h"

#include <array>
#include <exception>
#include <iomanip>
#include <string>
#include <string_view>

#include "app/kernel_options.h"
#include "bpf/host.h"
#include "bpf/programs.h"
#include "metrics/label_text.h"

namespace pdtt {
namespace {

constexpr int kNameWidth = 22;
constexpr int kVerdictWidth = 8;

// What an administrator can do where a layer can't run; in the order of enum Layer.
constexpr std::array<std::string_view, kLayers> kRemedies = {
    "needs Linux 5.18 or later, CAP_NET_ADMIN and CAP_BPF",
    "needs CONFIG_CGROUP_BPF=y, CAP_NET_ADMIN and CAP_BPF",
    "needs CONFIG_CGROUP_BPF=y, a mounted cgroup2, CAP_NET_ADMIN and CAP_BPF",
    "needs a kernel with the tracepoints sock_send_length and sock_recv_length (since 6.3) and "
    "CAP_PERFMON",
};

void Row(std::ostream& out, std::string_view name, bool ok, std::string_view what) {
  out << std::left << std::setw(kNameWidth) << name << std::setw(kVerdictWidth)
      << (ok ? "yes" : "no") << what << '\n';
}

void LayerRow(std::ostream& out, const LayerStatus& status) {
  const std::string_view remedy = kRemedies.at(static_cast<std::size_t>(status.layer));
  Row(out, LabelValue(status.layer), status.up,
      status.up ? status.mode : status.reason + "; " + std::string{remedy});
}

LayerStatus DiagnoseXdp(const Config& config) {
  const std::string refusal = ProbeProgram("xdp_tracker");
  LayerStatus status{Layer::kXdp, refusal.empty(), "", refusal};
  status.mode = config.interfaces.empty()
                    ? "loads; stays off until --interface=NAME names an interface"
                    : "loads; attached when the exporter runs";
  return status;
}

}  // namespace

bool Diagnose(const Config& config, std::ostream& out) {
  out << std::left << std::setw(kNameWidth) << "LAYER" << std::setw(kVerdictWidth) << "CAN RUN"
      << "HOW, OR WHY NOT\n";
  try {
    RequireBpf("/sys/kernel/btf/vmlinux");
    KernelOptions options = ToKernelOptions(config);
    options.layers.xdp = XdpAttachMode::kOff;
    options.programs.ifindexes.clear();
    LayerRow(out, DiagnoseXdp(config));
    const KernelSource source{options};
    for (const LayerStatus& status : source.AttachedLayers().Status()) {
      if (status.layer != Layer::kXdp) {
        LayerRow(out, status);
      }
    }
    for (const std::string& problem : source.AttachedLayers().Problems()) {
      out << "  " << problem << '\n';
    }
    out << '\n'
        << std::setw(kNameWidth) << "cgroup" << options.layers.cgroup.string()
        << (options.programs.cgroup_id == kRootCgroup ? " (whole host)" : " (part of the host)")
        << '\n';
    return true;
  } catch (const std::exception& error) {
    Row(out, "cgroup", false, error.what());
    return false;
  }
}

}  // namespace pdtt
