// SPDX-License-Identifier: Apache-2.0
#include "app/kernel_options.h"

#include <stdexcept>

#include "bpf/host.h"
#include "collect/subuid_owners.h"

namespace pdtt {
namespace {

XdpAttachMode ToAttachMode(XdpMode mode) {
  switch (mode) {
    case XdpMode::kAuto:
      return XdpAttachMode::kAuto;
    case XdpMode::kOff:
      return XdpAttachMode::kOff;
    case XdpMode::kNative:
      return XdpAttachMode::kNative;
    case XdpMode::kGeneric:
      return XdpAttachMode::kGeneric;
  }
  throw std::logic_error("an XDP mode without meaning");
}

std::vector<SocketWay> ToWays(SocketMode mode) {
  switch (mode) {
    case SocketMode::kAuto:
      return {SocketWay::kTracepoint, SocketWay::kFentry, SocketWay::kKprobe};
    case SocketMode::kOff:
      return {};
    case SocketMode::kTracepoint:
      return {SocketWay::kTracepoint};
    case SocketMode::kFentry:
      return {SocketWay::kFentry};
    case SocketMode::kKprobe:
      return {SocketWay::kKprobe};
  }
  throw std::logic_error("a mode of the socket layer without meaning");
}

// Where the configuration names a cgroup, this one may be hidden.
std::filesystem::path FindRootCgroup() {
  try {
    return FindCgroup2("/proc/self/mounts");
  } catch (const std::runtime_error&) {
    return {};
  }
}

}  // namespace

std::vector<NamedPrefixes> ToNamedPrefixes(const std::vector<Network>& networks) {
  std::vector<NamedPrefixes> named;
  for (const Network& network : networks) {
    named.push_back({network.name, {}});
    for (const Prefix& prefix : network.prefixes) {
      named.back().prefixes.emplace_back(prefix.address, prefix.length);
    }
  }
  return named;
}

KernelOptions ToKernelOptions(const Config& config) {
  KernelOptions options;
  options.flow_linger = config.connections_linger;

  LayerOptions& layers = options.layers;
  layers.cgroup = config.cgroup ? *config.cgroup : FindCgroup2("/proc/self/mounts");
  RequireCgroup2(layers.cgroup);
  layers.root_cgroup = FindRootCgroup();
  layers.xdp = ToAttachMode(config.xdp);
  layers.socket_ways = ToWays(config.socket);

  ProgramOptions& programs = options.programs;
  programs.accounts = config.limit_accounts;
  programs.connections = config.limit_connections;
  programs.ephemeral_ports = EphemeralPorts();
  programs.netns_cookie = NetnsCookie();
  programs.cgroup_id = CgroupId(layers.cgroup);
  programs.handover = config.handover;
  for (const UidRange& range : config.system_uids) {
    programs.system_uids.emplace_back(range.first, range.last);
  }
  for (const std::string& name : config.interfaces) {
    const Interface interface { name, InterfaceIndex(name) };
    if (layers.xdp != XdpAttachMode::kOff) {
      programs.ifindexes.push_back(interface.index);
    }
    layers.interfaces.push_back(interface);
  }

  options.networks = ToNamedPrefixes(config.networks);
  if (config.persist) {
    options.pin_path = config.pin_path;
  }
  return options;
}

SnapshotRules ToSnapshotRules(const Config& config) {
  SnapshotRules rules;
  if (config.xdp != XdpMode::kOff) {
    rules.interfaces = config.interfaces;
  }
  for (const std::string& user : config.exclude_users) {
    const auto uid = UidOfUser(user);
    if (!uid) {
      throw std::runtime_error("users.exclude: there is no user \"" + user +
                               "\"; name users of this host, or their uids");
    }
    rules.excluded_uids.insert(*uid);
  }
  rules.connections_export = config.connections_export;
  rules.series_limit = config.limit_series;
  rules.privacy = config.privacy;
  return rules;
}

}  // namespace pdtt
