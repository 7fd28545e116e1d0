// SPDX-License-Identifier: Apache-2.0
#include "live.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

#include "bpf/attach.h"
#include "bpf/error.h"
#include "output.h"
#include "packet_events.h"
#include "test_run.h"

namespace pdtt::bench {
namespace {

constexpr std::array kHooks{Hook::kIngress, Hook::kEgress};

struct Spent {
  std::uint64_t ns = 0;
  std::uint64_t runs = 0;
};

Spent SpentBy(int program) {
  bpf_prog_info info{};
  __u32 size = sizeof(info);
  if (const int error = bpf_obj_get_info_by_fd(program, &info, &size); error != 0) {
    ThrowBpf(error, "read run-time statistics");
  }
  return {info.run_time_ns, info.run_cnt};
}

int LiveProgram(Layouts& layouts, Layout layout, Hook hook) {
  if (layout != Layout::kOurs) {
    return layouts.TestProgram(layout, hook);
  }
  return bpf_program__fd(
      layouts.Exporter().Find(hook == Hook::kIngress ? "cgroup_skb_ingress" : "cgroup_skb_egress"));
}

UniqueFd Attach(int program, Hook hook, const UniqueFd& cgroup) {
  UniqueFd link{bpf_link_create(
      program, cgroup.Get(),
      hook == Hook::kIngress ? BPF_CGROUP_INET_INGRESS : BPF_CGROUP_INET_EGRESS, nullptr)};
  if (!link) {
    ThrowBpf(errno, "attach a program");
  }
  return link;
}

// Nanoseconds of each run of the layout's programs during one pass.
std::array<double, kHooks.size()> TimePass(Layouts& layouts, Layout layout, Crowd& crowd,
                                           const UniqueFd& cgroup) {
  std::array<double, kHooks.size()> times{};
  std::array<UniqueFd, kHooks.size()> links;
  std::array<Spent, kHooks.size()> before;
  for (std::size_t i = 0; i < kHooks.size(); ++i) {
    const int program = LiveProgram(layouts, layout, kHooks[i]);
    before[i] = SpentBy(program);
    links[i] = Attach(program, kHooks[i], cgroup);
  }
  const std::uint64_t counted = layouts.CountHostPackets();
  crowd.Pass();
  links = {};
  std::uint64_t runs = 0;
  for (std::size_t i = 0; i < kHooks.size(); ++i) {
    const Spent after = SpentBy(LiveProgram(layouts, layout, kHooks[i]));
    if (after.runs == before[i].runs) {
      throw std::runtime_error("a program has not run");
    }
    times[i] = static_cast<double>(after.ns - before[i].ns) /
               static_cast<double>(after.runs - before[i].runs);
    runs += after.runs - before[i].runs;
  }
  // No packet is that large that the wire would carry it as several.
  if (layout == Layout::kOurs && layouts.CountHostPackets() - counted != runs) {
    throw std::runtime_error("the programs ran " + std::to_string(runs) + " times and counted " +
                             std::to_string(layouts.CountHostPackets() - counted) + " packets");
  }
  return times;
}

std::string TextOf(const CrowdOptions& options, Hook hook) {
  return std::string{"live, "} + (options.tcp ? "TCP" : "UDP") + ", 64 bytes, " + NameOf(hook) +
         ", " + std::to_string(options.connections) + " connection" +
         (options.connections == 1 ? "" : "s in turn") + ", " + std::to_string(options.accounts) +
         " account" + (options.accounts == 1 ? "" : "s");
}

using Times = std::array<std::array<std::vector<double>, kHooks.size()>, kLayouts.size()>;

void PrintTimes(const CrowdOptions& options, const Times& times) {
  for (std::size_t hook = 0; hook < kHooks.size(); ++hook) {
    const auto& empty = times[static_cast<std::size_t>(Layout::kEmpty)][hook];
    const auto& original = times[static_cast<std::size_t>(Layout::kOriginal)][hook];
    for (std::size_t i = 0; i < kLayouts.size(); ++i) {
      const auto& own = times[i][hook];
      std::vector<double> above;
      std::vector<double> ratios;
      for (std::size_t round = 0; round < own.size(); ++round) {
        above.push_back(own[round] - empty[round]);
        if (kLayouts[i] == Layout::kOurs) {
          ratios.push_back(above.back() / (original[round] - empty[round]));
        }
      }
      Print({NameOf(kLayouts[i]), TextOf(options, kHooks[hook]), Median(own), Median(above),
             Median(ratios), 0});
    }
  }
}

}  // namespace

void MeasureLive(Layouts& layouts, Crowd& crowd, const CrowdOptions& options,
                 const std::filesystem::path& cgroup, std::uint32_t rounds) {
  const UniqueFd group{open(cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const UniqueFd statistics{bpf_enable_stats(BPF_STATS_RUN_TIME)};  // off again when it is closed
  if (!group || !statistics) {
    ThrowBpf(errno, "measure on live traffic");
  }
  layouts.SetConnections(1);
  layouts.SetUidOffset(0);
  std::vector<UniqueFd> links;
  for (const char* program : {"sock_create_tracker", "sock_release_tracker", "sockops_tracker"}) {
    links.push_back(AttachCgroup(layouts.Exporter().Find(program), group.Get()));
  }
  PacketEvents events{layouts.MapFd("packet_events")};
  crowd.Connect();
  Times times;
  for (std::uint32_t round = 0; round <= rounds; ++round) {
    for (std::size_t i = 0; i < kLayouts.size(); ++i) {
      const auto of_hooks = TimePass(layouts, kLayouts[i], crowd, group);
      for (std::size_t hook = 0; hook < kHooks.size() && round != 0; ++hook) {
        times[i][hook].push_back(of_hooks[hook]);  // the first makes what the others find
      }
    }
  }
  PrintTimes(options, times);
}

}  // namespace pdtt::bench
