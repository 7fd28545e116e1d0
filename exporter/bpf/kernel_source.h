// SPDX-License-Identifier: Apache-2.0
// The kernel as a source of traffic: loads and attaches the programs, reads their maps.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bpf/account_reader.h"
#include "bpf/connect_guard.h"
#include "bpf/event_reader.h"
#include "bpf/idle_flows.h"
#include "bpf/layers.h"
#include "bpf/network_map.h"
#include "bpf/pins.h"
#include "bpf/programs.h"
#include "bpf/socket_reader.h"
#include "bpf/subuid_map.h"
#include "collect/traffic_source.h"
#include "model/boot_time.h"
#include "model/traffic.h"

namespace pdtt {

struct KernelOptions {
  ProgramOptions programs;
  LayerOptions layers;
  std::vector<NamedPrefixes> networks;
  std::chrono::milliseconds flow_linger{60'000};  ///< how long an idle flow is still read
  /// Where everything is pinned, to outlive the process; empty: it does not.
  std::filesystem::path pin_path;
};

class KernelSource : public TrafficSource {
 public:
  /// Throws std::runtime_error or std::system_error if the cgroup layer can't run. Whatever was
  /// attached by then is detached.
  explicit KernelSource(const KernelOptions& options);

  [[nodiscard]] EventsReading ReadEvents() override;
  void CommitEvents(std::uint64_t position) override { events_.Commit(position); }
  [[nodiscard]] Reading Read() override;

  /// Classifies new connections by these from now on. Names keep the number they first had; returns
  /// all names by number. Throws std::runtime_error if there is no room.
  std::vector<std::string> SetNetworks(const std::vector<NamedPrefixes>& networks) {
    return networks_.Set(networks);
  }

  /// The names by number, as of the start.
  [[nodiscard]] const std::vector<std::string>& NetworkNames() const { return network_names_; }

  /// How long an idle flow is still read before it ends.
  void SetFlowLinger(std::chrono::milliseconds linger) {
    options_.flow_linger = linger;
    idle_flows_.SetIdle(linger);
  }

  /// Whose the sub-uids are from now on. False with errno set if the kernel has no room for all.
  bool SetSubuids(std::span<const SubuidRange> ranges) { return subuids_.Set(ranges); }

  /// Who of this host may connect to the exporter; Layers::ConnectGuardRefusal() says if it holds.
  [[nodiscard]] ConnectGuard& Guard() { return guard_; }

  [[nodiscard]] const Layers& AttachedLayers() const { return *layers_; }

  /// What an earlier process left that this one goes on with, in plain words; empty: nothing.
  [[nodiscard]] std::string TakenOver() const;

 private:
  [[nodiscard]] ProgramOptions PreparedOptions();
  void FillTables();
  [[nodiscard]] pdtt_state OwnStateWithTimes();
  void FillSlots();
  void FinishTakeover();
  [[nodiscard]] bool ReadSockets(Reading& reading);
  [[nodiscard]] bool ReadFlows(Reading& reading);
  [[nodiscard]] bool ReadXdp(Reading& reading);
  [[nodiscard]] bool ReadMapStates(Reading& reading);

  KernelOptions options_;
  WayTrial socket_;
  std::unique_ptr<const Pins> pins_;
  bool fresh_ = true;  ///< the tables were made by this process
  ProgramOptions prepared_;
  Programs programs_;
  AccountReader accounts_;
  PerCpuCounters xdp_users_;
  PerCpuCounters xdp_results_;
  PerCpuCounters failures_;
  SocketReader sockets_;
  SubuidMap subuids_;
  NetworkMap networks_;
  std::vector<std::string> network_names_;
  AccountsReading carried_;  ///< counted by programs that these have replaced
  std::uint64_t flows_ = 0;  ///< in flow_stats_map at the last reading, idle ones included
  IdleFlows idle_flows_;
  BootTime boot_time_;
  CountingSince since_;
  EventReader events_;
  ConnectGuard guard_;
  std::unique_ptr<Layers> layers_;  ///< last: nothing is attached before the maps are filled
};

}  // namespace pdtt
