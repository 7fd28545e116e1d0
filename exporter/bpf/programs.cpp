// SPDX-License-Identifier: Apache-2.0
#include "bpf/programs.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <limits>
#include <stdexcept>
#include <system_error>

#include "bpf/error.h"
#include "bpf/libbpf_log.h"
#include "pdtt_abi.h"

#include "pdtt_bpf.skel.h"

namespace pdtt {
namespace {

static_assert(kRootCgroup == PDTT_ROOT_CGROUP);

constexpr std::array kPrograms = {
    ProgramInfo{"xdp_tracker", ProgramPart::kXdp},
    ProgramInfo{"sockops_tracker", ProgramPart::kSockops},
    ProgramInfo{"sock_create_tracker", ProgramPart::kCgroup},
    ProgramInfo{"sock_release_tracker", ProgramPart::kCgroup},
    ProgramInfo{"cgroup_skb_ingress", ProgramPart::kCgroup},
    ProgramInfo{"cgroup_skb_egress", ProgramPart::kCgroup},
    ProgramInfo{"sock_send_length", ProgramPart::kSocket},
    ProgramInfo{"sock_recv_length", ProgramPart::kSocket},
    ProgramInfo{"iter_tcp", ProgramPart::kOlderSockets},
    ProgramInfo{"iter_udp", ProgramPart::kOlderSockets},
    ProgramInfo{"iter_sockets", ProgramPart::kConnections},
};

std::uint32_t Entries(std::size_t count) {
  return static_cast<std::uint32_t>(
      std::clamp<std::size_t>(count, 1, std::numeric_limits<std::uint32_t>::max()));
}

void SetSizes(const pdtt_bpf& skeleton, const ProgramOptions& options) {
  const std::size_t interfaces = options.ifindexes.size();
  const auto& maps = skeleton.maps;
  bpf_map__set_max_entries(maps.account_map, Entries(options.accounts));
  bpf_map__set_max_entries(maps.free_slots_map, Entries(options.accounts));
  bpf_map__set_max_entries(maps.user_stats_map, Entries(options.accounts * PDTT_BANKS));
  bpf_map__set_max_entries(maps.network_map, Entries(options.network_prefixes));
  bpf_map__set_max_entries(maps.flow_stats_map, Entries(options.connections));
  bpf_map__set_max_entries(maps.conn_uid_map, Entries(interfaces == 0 ? 1 : options.connections));
  bpf_map__set_max_entries(maps.xdp_user_map, Entries(options.accounts * interfaces));
}

void SetConstants(pdtt_bpf& skeleton, const ProgramOptions& options) {
  auto& settings = skeleton.rodata->settings;
  settings.netns_cookie = options.netns_cookie;
  settings.cgroup_id = options.cgroup_id;
  settings.accounts = Entries(options.accounts);
  for (const auto& [first, last] : options.system_uids) {
    if (settings.system_uid_ranges == PDTT_MAX_SYSTEM_UID_RANGES) {
      throw std::runtime_error("attribution.system_uids: at most " +
                               std::to_string(PDTT_MAX_SYSTEM_UID_RANGES) + " ranges");
    }
    settings.system_uids[settings.system_uid_ranges++] = {first, last};
  }
  for (const std::uint32_t ifindex : options.ifindexes) {
    if (settings.interfaces == PDTT_MAX_INTERFACES) {
      throw std::runtime_error("interfaces: at most " + std::to_string(PDTT_MAX_INTERFACES));
    }
    settings.ifindex[settings.interfaces++] = ifindex;
  }
  settings.handover = options.handover ? 1 : 0;
  settings.bridge = options.ifindexes.empty() ? 0 : 1;
  settings.ephemeral_first = options.ephemeral_ports.first;
  settings.ephemeral_last = options.ephemeral_ports.second;
}

Programs::Skeleton Open(const ProgramOptions& options,
                        const std::function<bool(const ProgramInfo&)>& wanted) {
  Programs::Skeleton skeleton{pdtt_bpf::open()};
  if (!skeleton) {
    ThrowBpf(errno, "open the BPF object");
  }
  SetSizes(*skeleton, options);
  SetConstants(*skeleton, options);
  for (const ProgramInfo& info : kPrograms) {
    bpf_program__set_autoload(bpf_object__find_program_by_name(skeleton->obj, info.name),
                              wanted(info));
  }
  return skeleton;
}

std::string Explain(int error, const LibbpfLog& log) {
  if (log.Text().find("failed to find kernel BTF type ID") != std::string::npos) {
    return "this kernel does not have the hook";
  }
  const std::string message = std::system_category().message(-error);
  if (error == -EPERM) {
    return message + " (a missing capability, or kernel lockdown)";
  }
  const std::string reason = log.Reason();
  return reason.empty() ? message : message + ": " + reason;
}

}  // namespace

std::span<const ProgramInfo> AllPrograms() {
  return kPrograms;
}

void Programs::Destroy::operator()(pdtt_bpf* skeleton) const noexcept {
  pdtt_bpf::destroy(skeleton);
}

Programs::Programs(const ProgramOptions& options) {
  const auto wanted = [&](const ProgramInfo& info) {
    if (info.part == ProgramPart::kXdp) {
      return !options.ifindexes.empty() && !refusals_.contains(info.name);
    }
    if (info.part == ProgramPart::kSocket && !options.socket_layer) {
      return false;
    }
    return !refusals_.contains(info.name);
  };
  const LibbpfLog log;
  skeleton_ = Open(options, wanted);
  if (pdtt_bpf::load(skeleton_.get()) == 0) {
    return;
  }
  // One refused program fails the whole object: find out which, and go on without it.
  for (const ProgramInfo& info : kPrograms) {
    if (!wanted(info)) {
      continue;
    }
    if (std::string refusal = ProbeProgram(info.name); !refusal.empty()) {
      if (info.part == ProgramPart::kCgroup) {
        throw std::runtime_error("the kernel refuses " + std::string{info.name} +
                                 ", without which nothing can be counted: " + refusal);
      }
      refusals_.emplace(info.name, std::move(refusal));
    }
  }
  const LibbpfLog second_log;
  skeleton_ = Open(options, wanted);
  if (const int error = pdtt_bpf::load(skeleton_.get()); error != 0) {
    throw std::runtime_error("load the BPF object: " + Explain(error, second_log));
  }
}

Programs::~Programs() = default;

bpf_program* Programs::Find(std::string_view program) const {
  bpf_program* found = bpf_object__find_program_by_name(skeleton_->obj, program.data());
  return found != nullptr && bpf_program__autoload(found) ? found : nullptr;
}

std::string Programs::Refusal(std::string_view program) const {
  const auto found = refusals_.find(program);
  return found == refusals_.end() ? std::string{} : found->second;
}

bpf_map* Programs::Map(std::string_view name) const {
  bpf_map* map = bpf_object__find_map_by_name(skeleton_->obj, name.data());
  if (map == nullptr) {
    throw std::logic_error("no map " + std::string{name});
  }
  return map;
}

int Programs::MapFd(std::string_view name) const {
  return bpf_map__fd(Map(name));
}

std::uint32_t Programs::ActiveBank() const {
  return skeleton_->bss->active_bank;
}

void Programs::SetActiveBank(std::uint32_t bank) {
  __atomic_store_n(&skeleton_->bss->active_bank, bank, __ATOMIC_SEQ_CST);
}

std::string ProbeProgram(std::string_view program) {
  ProgramOptions options;
  options.accounts = 8;
  options.connections = 64;
  options.ifindexes = {1};
  const LibbpfLog log;
  const auto only = [&](const ProgramInfo& info) { return info.name == program; };
  const Programs::Skeleton skeleton = Open(options, only);
  const int error = pdtt_bpf::load(skeleton.get());
  return error == 0 ? std::string{} : Explain(error, log);
}

}  // namespace pdtt
