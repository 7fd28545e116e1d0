// SPDX-License-Identifier: Apache-2.0
// The kernel as a source of traffic: loads and attaches the programs, reads their maps.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bpf/account_reader.h"
#include "bpf/event_reader.h"
#include "bpf/layers.h"
#include "bpf/programs.h"
#include "bpf/subuid_map.h"
#include "collect/traffic_source.h"
#include "model/traffic.h"

namespace pdtt {

/// A prefix in v4-mapped form and the network class it belongs to.
struct NetworkPrefix {
  IpAddress address{};
  std::uint32_t length = 0;
  std::uint32_t network = 0;
};

struct KernelOptions {
  ProgramOptions programs;
  LayerOptions layers;
  std::vector<NetworkPrefix> networks;
  std::vector<SubuidRange> subuids;
  std::chrono::milliseconds flow_linger{60'000};  ///< how long an idle flow is still read
};

class KernelSource : public TrafficSource {
 public:
  /// Throws std::runtime_error or std::system_error if the cgroup layer can't run. Whatever was
  /// attached by then is detached.
  explicit KernelSource(const KernelOptions& options);

  [[nodiscard]] EventsReading ReadEvents() override { return events_.Read(); }
  [[nodiscard]] Reading Read() override;

  /// Whose the sub-uids are from now on. False with errno set if the kernel has no room for all.
  bool SetSubuids(std::span<const SubuidRange> ranges) { return subuids_.Set(ranges); }

  [[nodiscard]] const Layers& AttachedLayers() const { return *layers_; }

 private:
  void FillSlots();
  void FillNetworks();
  [[nodiscard]] bool ReadSockets(Reading& reading);
  [[nodiscard]] bool ReadFlows(Reading& reading);
  [[nodiscard]] bool ReadXdp(Reading& reading);
  [[nodiscard]] bool ReadMapStates(Reading& reading);

  KernelOptions options_;
  WayTrial socket_;
  Programs programs_;
  AccountReader accounts_;
  PerCpuCounters xdp_users_;
  PerCpuCounters xdp_results_;
  PerCpuCounters failures_;
  SubuidMap subuids_;
  std::uint64_t flows_ = 0;  ///< in flow_stats_map at the last reading, idle ones included
  EventReader events_;
  std::unique_ptr<Layers> layers_;  ///< last: nothing is attached before the maps are filled
};

}  // namespace pdtt
