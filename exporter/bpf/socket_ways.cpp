// SPDX-License-Identifier: Apache-2.0
#include "bpf/socket_ways.h"

#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <utility>

#include "bpf/libbpf_log.h"

namespace pdtt {
namespace {

struct Probe {
  const char* program = "";
  const char* function = "";
  bool optional = false;
};

constexpr std::array kProbes = {
    Probe{"kprobe_tcp_release", "tcp_release_cb"},
    Probe{"kprobe_udp_receive", "skb_consume_udp"},
    Probe{"kprobe_udp_send", "udp_sendmsg"},
    Probe{"kretprobe_udp_send", "udp_sendmsg"},
    Probe{"kprobe_udp_send", "udpv6_sendmsg", true},  // a kernel without IPv6
    Probe{"kretprobe_udp_send", "udpv6_sendmsg", true},
};

bool AttachProbes(const Programs& programs, std::vector<SocketHook>& hooks, Refusal& refusal) {
  for (const Probe& probe : kProbes) {
    const LibbpfLog log;
    KprobeLink link = AttachKprobe(programs.Find(probe.program), probe.function);
    if (link) {
      hooks.push_back({probe.program, {}, std::move(link)});
    } else if (!probe.optional) {
      refusal = ExplainHere(Step::kAttachKprobe, errno, log.Text());
      return false;
    }
  }
  return true;
}

bool AttachTrampolines(const Programs& programs, SocketWay way, std::vector<SocketHook>& hooks,
                       Refusal& refusal) {
  for (const ProgramInfo& info : AllPrograms()) {
    const bpf_program* program = info.way == way ? programs.Find(info.name) : nullptr;
    if (program == nullptr) {
      continue;
    }
    UniqueFd link = AttachTracing(program);
    if (!link) {
      refusal = ExplainHere(Step::kAttachTracing, errno);
      return false;
    }
    hooks.push_back({info.name, std::move(link), {}});
  }
  return true;
}

}  // namespace

std::string_view WayName(SocketWay way) {
  switch (way) {
    case SocketWay::kNone:
      return "off";
    case SocketWay::kTracepoint:
      return "tracepoint";
    case SocketWay::kFentry:
      return "fentry";
    case SocketWay::kKprobe:
      return "kprobe";
  }
  throw std::logic_error("a way into the socket layer without a name");
}

std::vector<SocketHook> AttachSocketWay(const Programs& programs, SocketWay way, Refusal& refusal) {
  std::vector<SocketHook> hooks;
  const bool attached = way == SocketWay::kKprobe
                            ? AttachProbes(programs, hooks, refusal)
                            : AttachTrampolines(programs, way, hooks, refusal);
  if (!attached) {
    hooks.clear();
  }
  return hooks;
}

WayTrial TrySocketWay(SocketWay way) {
  WayTrial trial{way, {}};
  ProgramOptions options = TrialOptions();
  options.socket_way = way;
  const auto programs = Programs::LoadPart(options, ProgramPart::kSocket, trial.refusal);
  if (programs) {
    static_cast<void>(AttachSocketWay(*programs, way, trial.refusal));
  }
  return trial;
}

std::vector<WayTrial> TrySocketWays() {
  std::vector<WayTrial> trials;
  for (const SocketWay way : {SocketWay::kTracepoint, SocketWay::kFentry, SocketWay::kKprobe}) {
    trials.push_back(TrySocketWay(way));
  }
  return trials;
}

WayTrial ChooseSocketWay(const std::vector<SocketWay>& candidates) {
  WayTrial choice;
  for (const SocketWay way : candidates) {
    WayTrial trial = TrySocketWay(way);
    if (trial.Works()) {
      return trial;
    }
    const std::string name{WayName(way)};
    const auto append = [&](std::string& all, const std::string& one) {
      if (!one.empty()) {
        all.append(all.empty() ? "" : "; ").append(name).append(": ").append(one);
      }
    };
    append(choice.refusal.reason, trial.refusal.reason);
    append(choice.refusal.remedy, trial.refusal.remedy);
  }
  return choice;
}

}  // namespace pdtt
