// SPDX-License-Identifier: Apache-2.0
#include "bpf/kernel_source.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>

#include "bpf/connection_record.h"
#include "bpf/error.h"
#include "bpf/host.h"
#include "bpf/idle_flows.h"
#include "bpf/slots.h"
#include "bpf/table_state.h"

namespace pdtt {
namespace {

constexpr std::size_t kFrameWords = sizeof(pdtt_frames) / sizeof(std::uint64_t);

std::uint32_t Accounts(const KernelOptions& options) {
  return static_cast<std::uint32_t>(options.programs.accounts);
}

}  // namespace

KernelSource::KernelSource(const KernelOptions& options)
    : options_(options),
      socket_(ChooseSocketWay(options.layers.socket_ways)),
      pins_(options.pin_path.empty() ? nullptr : std::make_unique<const Pins>(options.pin_path)),
      prepared_(PreparedOptions()),
      programs_(prepared_),
      accounts_({programs_.MapFd("account_map"), programs_.MapFd("user_stats_map"),
                 programs_.MapFd("host_stats_map")},
                Accounts(options), fresh_ ? std::nullopt : std::optional{programs_.ActiveBank()},
                [this](std::uint32_t bank) { programs_.SetActiveBank(bank); }),
      xdp_users_(programs_.MapFd("xdp_user_map"), kFrameWords),
      xdp_results_(programs_.MapFd("xdp_result_map"), kFrameWords),
      failures_(programs_.MapFd("failure_map"), 1),
      sockets_(programs_.MapFd("socket_copies")),
      subuids_(programs_.MapFd("subuid_map")),
      networks_(programs_.MapFd("network_map"), programs_.MapFd("network_names")),
      idle_flows_(programs_.MapFd("flow_stats_map"), options.programs.connections,
                  options.flow_linger),
      events_(programs_.MapFd("events")),
      guard_(programs_.MapFd("listen_map"), programs_.MapFd("client_map")) {
  FillTables();
  const LayerKeeping keeping{pins_.get(), prepared_.generation, !prepared_.old_tables};
  layers_ = std::make_unique<Layers>(programs_, options_.layers, socket_, keeping);
  FinishTakeover();
}

std::string KernelSource::TakenOver() const {
  if (prepared_.old_tables) {
    return "the totals of tables with another layout or size";
  }
  return fresh_ ? "" : "tables and programs";
}

// What is there decides whether tables are taken as they are, replaced, or made.
ProgramOptions KernelSource::PreparedOptions() {
  ProgramOptions prepared = options_.programs;
  prepared.socket_way = socket_.way;
  if (!pins_) {
    return prepared;
  }
  prepared.generation = pins_->LastGeneration() + 1;
  OldTables found;
  if (Pins::AreReady(pins_->NextTables())) {
    // An earlier process was ended while new tables took the place of others.
    if (!Programs::Fit(prepared, pins_->NextTables(), found)) {
      throw std::runtime_error(
          "an upgrade was interrupted, with other settings than these: start once with the limits "
          "and interfaces of then, or give up what was counted (pdtt-exporter detach)");
    }
    fresh_ = false;
    if (Pins::AreReady(pins_->Tables())) {
      static_cast<void>(Programs::Fit(prepared, pins_->Tables(), found));  // what they differ in
      prepared.tables = pins_->NextTables();
      prepared.old_tables = found;
      return prepared;
    }
    pins_->MoveNext();  // all but this was done
  }
  Pins::Remove(pins_->NextTables());
  if (!Pins::AreReady(pins_->Tables())) {
    Pins::Remove(pins_->Tables());
    prepared.tables = pins_->Tables();
  } else if (Programs::Fit(prepared, pins_->Tables(), found)) {
    prepared.tables = pins_->Tables();
    fresh_ = false;
  } else {
    prepared.tables = pins_->NextTables();
    prepared.old_tables = found;
  }
  std::filesystem::create_directory(prepared.tables);
  return prepared;
}

void KernelSource::FillTables() {
  if (fresh_) {
    FillSlots();
  }
  if (fresh_ && prepared_.old_tables) {
    const UniqueFd names{bpf_obj_get((prepared_.old_tables->directory / "network_names").c_str())};
    CopyNetworkNames(names.Get(), programs_.MapFd("network_names"));
  }
  network_names_ = SetNetworks(options_.networks);
  const pdtt_state state = OwnStateWithTimes();
  since_ = ToCountingSince(state);
  const std::uint32_t only = 0;
  if (const int error = bpf_map_update_elem(programs_.MapFd("state_map"), &only, &state, BPF_ANY);
      error != 0) {
    ThrowBpf(error, "fill state_map");
  }
}

// Counters that go on keep the times at which they began.
pdtt_state KernelSource::OwnStateWithTimes() {
  using std::chrono::system_clock;
  const auto ns = [](system_clock::time_point time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
  };
  pdtt_state state = OwnState(prepared_);
  state.since_ns = state.xdp_users_since_ns = state.xdp_results_since_ns = ns(system_clock::now());
  if (fresh_ && !prepared_.old_tables) {
    return state;
  }
  const auto& directory = fresh_ ? prepared_.old_tables->directory : prepared_.tables;
  const pdtt_state before = ReadState(directory).value_or(pdtt_state{});
  // Older versions did not write it down. What is pinned is no older than the last boot.
  const auto kept = [&](std::uint64_t since) { return since != 0 ? since : ns(boot_time_.Get()); };
  const auto goes_on = [&](const char* map) {
    return IsPinnedAt(programs_.MapFd(map), directory / map);
  };
  state.since_ns = kept(before.since_ns);
  if (goes_on("xdp_user_map")) {
    state.xdp_users_since_ns = kept(before.xdp_users_since_ns);
  }
  if (goes_on("xdp_result_map")) {
    state.xdp_results_since_ns = kept(before.xdp_results_since_ns);
  }
  return state;
}

void KernelSource::FillSlots() {
  const int accounts = programs_.MapFd("account_map");
  if (prepared_.old_tables) {
    TakeOverSlots(*prepared_.old_tables, accounts, Accounts(options_));
  }
  FillFreeSlots(accounts, programs_.MapFd("free_slots_map"), Accounts(options_));
}

void KernelSource::FinishTakeover() {
  const int carried = programs_.MapFd("carried_map");
  const int carried_host = programs_.MapFd("carried_host");
  if (prepared_.old_tables) {
    CarryTotals(*prepared_.old_tables, carried, carried_host);
    pins_->MoveNext();
  }
  carried_ = ReadCarried(carried, carried_host);
}

EventsReading KernelSource::ReadEvents() {
  guard_.FollowAddresses();  // this is what is called most often
  EventsReading events = events_.Read();
  for (ConnectionReading& flow : idle_flows_.Take(IdleFlows::Clock::now())) {
    events.closed.push_back(flow);
  }
  return events;
}

bool KernelSource::ReadSockets(Reading& reading) {
  const UniqueFd* iterator = layers_->SocketIterator();
  return iterator == nullptr ||  // said once, at start
         sockets_.Read(*iterator, reading.sockets);
}

bool KernelSource::ReadFlows(Reading& reading) {
  const auto linger = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(options_.flow_linger).count());
  const std::uint64_t now = CoarseNow();
  flows_ = 0;
  return ForEachEntry<pdtt_flow_key, pdtt_flow>(
      programs_.MapFd("flow_stats_map"), options_.programs.connections,
      [&](const pdtt_flow_key& key, const pdtt_flow& flow) {
        ++flows_;
        if (flow.last_ns + linger >= now) {
          reading.flows.push_back(ToConnection(key, flow));
        }
      });
}

bool KernelSource::ReadXdp(Reading& reading) {
  const std::size_t interfaces = options_.programs.ifindexes.size();
  const auto& keys = accounts_.Keys();
  std::vector<std::uint64_t> users(keys.size() * interfaces * kFrameWords);
  std::vector<std::uint64_t> results(interfaces * kXdpResults * kFrameWords);
  if (!xdp_users_.Read(0, users) || !xdp_results_.Read(0, results)) {
    return false;
  }
  for (std::size_t i = 0; i < keys.size() * interfaces; ++i) {
    if (users[i * kFrameWords + 1] != 0) {
      reading.xdp_users.push_back({keys[i / interfaces].uid,
                                   static_cast<std::uint32_t>(i % interfaces),
                                   users[i * kFrameWords], users[i * kFrameWords + 1]});
    }
  }
  for (std::size_t i = 0; i < interfaces * kXdpResults; ++i) {
    reading.xdp_totals.push_back({i / kXdpResults, static_cast<XdpResult>(i % kXdpResults),
                                  results[i * kFrameWords], results[i * kFrameWords + 1]});
  }
  return true;
}

bool KernelSource::ReadMapStates(Reading& reading) {
  std::vector<std::uint64_t> failures(PDTT_MAPS);
  bool complete = failures_.Read(0, failures);
  const std::uint64_t connections = options_.programs.connections;
  reading.maps = {
      {"account_map", accounts_.Keys().size(), options_.programs.accounts,
       failures[PDTT_ACCOUNT_MAP]},
      {"conn_stats_map", reading.sockets.size(), std::nullopt, failures[PDTT_CONN_STATS_MAP]},
      {"flow_stats_map", flows_, connections, failures[PDTT_FLOW_MAP]},
      {"events", std::nullopt, std::nullopt, failures[PDTT_EVENTS]},
  };
  if (!options_.programs.ifindexes.empty()) {
    std::uint64_t bridged = 0;
    complete = ForEachEntry<pdtt_conn_key, pdtt_conn_owner>(
                   programs_.MapFd("conn_uid_map"), connections,
                   [&](const pdtt_conn_key&, const pdtt_conn_owner&) { ++bridged; }) &&
               complete;
    reading.maps.push_back({"conn_uid_map", bridged, connections, failures[PDTT_CONN_UID_MAP]});
  }
  if (socket_.way == SocketWay::kKprobe) {
    reading.maps.push_back(
        {"tcp_seen_map", std::nullopt, connections, failures[PDTT_TCP_SEEN_MAP]});
    reading.maps.push_back(
        {"udp_calls_map", std::nullopt, connections, failures[PDTT_UDP_CALLS_MAP]});
  }
  return complete;
}

Reading KernelSource::Read() {
  Reading reading;
  reading.boot_time = boot_time_.Get();
  reading.since = since_;
  const auto require = [&](bool ok, CollectStage stage) {
    if (!ok) {
      reading.failed_stages.push_back(stage);
    }
  };
  std::optional<AccountsReading> accounts = accounts_.Read();
  require(accounts.has_value(), CollectStage::kAccounts);
  reading.accounts = std::move(accounts).value_or(AccountsReading{});
  reading.accounts.host += carried_.host;
  reading.accounts.accounts.insert(reading.accounts.accounts.end(), carried_.accounts.begin(),
                                   carried_.accounts.end());
  require(ReadSockets(reading), CollectStage::kConnections);
  require(ReadFlows(reading), CollectStage::kFlows);
  require(ReadXdp(reading), CollectStage::kXdp);
  require(ReadMapStates(reading), CollectStage::kMaps);
  reading.layers = layers_->Status();
  reading.programs = layers_->ProgramStatuses();
  reading.program_statistics = ProgramStatisticsEnabled();
  return reading;
}

}  // namespace pdtt
