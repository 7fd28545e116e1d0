// SPDX-License-Identifier: Apache-2.0
#include "bpf/programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <limits>
#include <stdexcept>

#include "bpf/error.h"
#include "bpf/kernel_features.h"
#include "bpf/libbpf_log.h"
#include "bpf/table_state.h"
#include "bpf/unique_fd.h"
#include "pdtt_abi.h"

#include "pdtt_bpf.skel.h"
#include "pdtt_bpf_plain.skel.h"

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
    ProgramInfo{"sock_send_length", ProgramPart::kSocket, SocketWay::kTracepoint},
    ProgramInfo{"sock_recv_length", ProgramPart::kSocket, SocketWay::kTracepoint},
    ProgramInfo{"inet_sendmsg_exit", ProgramPart::kSocket, SocketWay::kFentry},
    ProgramInfo{"inet_recvmsg_exit", ProgramPart::kSocket, SocketWay::kFentry},
    ProgramInfo{"inet6_sendmsg_exit", ProgramPart::kSocket, SocketWay::kFentry, "inet6_sendmsg"},
    ProgramInfo{"inet6_recvmsg_exit", ProgramPart::kSocket, SocketWay::kFentry, "inet6_recvmsg"},
    ProgramInfo{"inet_sendpage_exit", ProgramPart::kSocket, SocketWay::kFentry, "inet_sendpage"},
    ProgramInfo{"kprobe_tcp_release", ProgramPart::kSocket, SocketWay::kKprobe},
    ProgramInfo{"kprobe_udp_receive", ProgramPart::kSocket, SocketWay::kKprobe},
    ProgramInfo{"kprobe_udp_send", ProgramPart::kSocket, SocketWay::kKprobe},
    ProgramInfo{"kretprobe_udp_send", ProgramPart::kSocket, SocketWay::kKprobe},
    ProgramInfo{"iter_tcp", ProgramPart::kOlderSockets},
    ProgramInfo{"iter_udp", ProgramPart::kOlderSockets},
    ProgramInfo{"iter_sockets", ProgramPart::kConnections},
    ProgramInfo{"connect4_guard", ProgramPart::kConnectGuard},
    ProgramInfo{"connect6_guard", ProgramPart::kConnectGuard},
};

std::uint32_t Entries(std::size_t count) {
  return static_cast<std::uint32_t>(
      std::clamp<std::size_t>(count, 1, std::numeric_limits<std::uint32_t>::max()));
}

void SetSizes(const pdtt_bpf& skeleton, const ProgramOptions& options) {
  const std::size_t interfaces = options.ifindexes.size();
  const auto& maps = skeleton.maps;
  bpf_map__set_max_entries(maps.account_map, Entries(options.accounts));
  bpf_map__set_max_entries(maps.carried_map, Entries(options.accounts));
  bpf_map__set_max_entries(maps.free_slots_map, Entries(options.accounts));
  bpf_map__set_max_entries(maps.user_stats_map, Entries(options.accounts * PDTT_BANKS));
  bpf_map__set_max_entries(maps.flow_stats_map, Entries(options.connections));
  bpf_map__set_max_entries(maps.socket_copies, Entries(options.connections));
  bpf_map__set_max_entries(maps.conn_uid_map, Entries(interfaces == 0 ? 1 : options.connections));
  bpf_map__set_max_entries(maps.xdp_user_map, Entries(options.accounts * interfaces));
  const std::size_t calls = options.socket_way == SocketWay::kKprobe ? options.connections : 1;
  bpf_map__set_max_entries(maps.tcp_seen_map, Entries(calls));
  bpf_map__set_max_entries(maps.udp_calls_map, Entries(calls));
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
  settings.generation = options.generation;
}

// bpffs takes no dots in names.
std::string PinName(const pdtt_bpf& skeleton, const bpf_map* map) {
  return map == skeleton.maps.bss ? "bss" : bpf_map__name(map);
}

// What is of one process: its settings, who may connect to it, and what it is reading.
bool IsPinned(const pdtt_bpf& skeleton, const bpf_map* map) {
  return map != skeleton.maps.rodata && map != skeleton.maps.listen_map &&
         map != skeleton.maps.client_map && map != skeleton.maps.socket_copies;
}

bool HasShapeOf(const bpf_map* map, int fd) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == bpf_map__type(map) &&
         info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map) &&
         info.max_entries == bpf_map__max_entries(map) && info.map_flags == bpf_map__map_flags(map);
}

constexpr std::array<std::string_view, 5> kTotals = {"user_stats_map", "host_stats_map",
                                                     "carried_map", "carried_host", "state_map"};
constexpr std::array<std::string_view, 6> kOfSockets = {
    "conn_stats_map", "flow_stats_map", "conn_uid_map", "events", "tcp_seen_map", "udp_calls_map"};
constexpr std::array<std::string_view, 2> kOfInterfaces = {"xdp_user_map", "xdp_result_map"};

template <std::size_t size>
bool IsOneOf(const std::array<std::string_view, size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Totals are carried over by the names of their fields. What has another shape starts empty.
bool IsTakenOver(const OldTables& old, std::string_view name) {
  return !IsOneOf(kTotals, name) && (old.same_sockets || !IsOneOf(kOfSockets, name)) &&
         (old.same_interfaces || !IsOneOf(kOfInterfaces, name)) && name != "bss";
}

void SetPins(const pdtt_bpf& skeleton, const ProgramOptions& options) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton.obj) {
    if (options.tables.empty() || !IsPinned(skeleton, map)) {
      continue;
    }
    const std::string name = PinName(skeleton, map);
    bpf_map__set_pin_path(map, (options.tables / name).c_str());
    if (!options.old_tables || !IsTakenOver(*options.old_tables, name)) {
      continue;
    }
    const UniqueFd old{bpf_obj_get((options.old_tables->directory / name).c_str())};
    if (old && HasShapeOf(map, old.Get())) {
      bpf_map__reuse_fd(map, old.Get());
    }
  }
}

using Wanted = std::function<bool(const ProgramInfo&)>;

// Two objects in one skeleton: maps, programs and sections of both are the same.
void UsePlainObject(pdtt_bpf& skeleton) {
  skeleton.skeleton->data =
      const_cast<void*>(pdtt_bpf_plain::elf_bytes(&skeleton.skeleton->data_sz));
}

Programs::Skeleton OpenSkeleton() {
  static const bool fetch_atomics = HasFetchAtomics();
  if (fetch_atomics) {
    return Programs::Skeleton{pdtt_bpf::open()};
  }
  Programs::Skeleton skeleton{static_cast<pdtt_bpf*>(std::calloc(1, sizeof(pdtt_bpf)))};
  if (!skeleton || pdtt_bpf__create_skeleton(skeleton.get()) != 0) {
    return nullptr;
  }
  UsePlainObject(*skeleton);
  if (const int error = bpf_object__open_skeleton(skeleton->skeleton, nullptr); error != 0) {
    errno = -error;
    return nullptr;
  }
  return skeleton;
}

const Refusal& StorageRefusal();

Programs::Skeleton Open(const ProgramOptions& options, const Wanted& wanted) {
  Programs::Skeleton skeleton = OpenSkeleton();
  if (!skeleton) {
    ThrowBpf(errno, "open the BPF object");
  }
  SetSizes(*skeleton, options);
  SetConstants(*skeleton, options);
  SetPins(*skeleton, options);
  const bool storage =
      options.tracing_storage ? *options.tracing_storage : StorageRefusal().reason.empty();
  skeleton->rodata->settings.tracing_storage = storage ? 1 : 0;
  for (const ProgramInfo& info : kPrograms) {
    bpf_program__set_autoload(bpf_object__find_program_by_name(skeleton->obj, info.name),
                              wanted(info));
  }
  static const bool xdp_frags = HasXdpFrags();
  if (xdp_frags) {
    bpf_program__set_flags(skeleton->progs.xdp_tracker, BPF_F_XDP_HAS_FRAGS);
  }
  return skeleton;
}

Refusal Probe(std::string_view program, std::optional<bool> tracing_storage) {
  ProgramOptions options = TrialOptions();
  options.ifindexes = {1};
  options.tracing_storage = tracing_storage;
  const LibbpfLog log;
  const Programs::Skeleton skeleton =
      Open(options, [&](const ProgramInfo& info) { return info.name == program; });
  const int error = pdtt_bpf::load(skeleton.get());
  return error == 0 ? Refusal{} : ExplainHere(Step::kLoad, error, log.Text());
}

bool IsInKernelImage(const char* function) {
  struct Free {
    void operator()(btf* types) const noexcept { btf__free(types); }
  };
  static const std::unique_ptr<btf, Free> types{btf__load_vmlinux_btf()};
  return types && btf__find_by_name_kind(types.get(), function, BTF_KIND_FUNC) > 0;
}

// Why tracing programs may not use socket storage; iterators and trampolines have it together.
const Refusal& StorageRefusal() {
  static const Refusal refusal = Probe("iter_udp", true);
  return refusal;
}

}  // namespace

std::span<const ProgramInfo> AllPrograms() {
  return kPrograms;
}

void Programs::Destroy::operator()(pdtt_bpf* skeleton) const noexcept {
  pdtt_bpf::destroy(skeleton);
}

Programs::Programs(Skeleton skeleton, Refusals refusals)
    : skeleton_(std::move(skeleton)), refusals_(std::move(refusals)) {}

bool Programs::IsWanted(const ProgramInfo& info, const ProgramOptions& options) const {
  if (refusals_.contains(info.name)) {
    return false;
  }
  switch (info.part) {
    case ProgramPart::kXdp:
      return !options.ifindexes.empty();
    case ProgramPart::kSocket:
      return info.way == options.socket_way;
    default:
      return true;
  }
}

// What can be refused without anything being wrong.
Programs::Refusals Programs::ExpectedRefusals(const ProgramOptions& options) {
  Refusals refusals;
  for (const ProgramInfo& info : kPrograms) {
    Refusal refusal;
    if (info.part == ProgramPart::kOlderSockets) {
      refusal = StorageRefusal();
    } else if (info.function != nullptr && info.way == options.socket_way &&
               !IsInKernelImage(info.function)) {
      refusal = ProbeProgram(info.name);  // a module may have it
    }
    if (!refusal.reason.empty()) {
      refusals.emplace(info.name, std::move(refusal));
    }
  }
  return refusals;
}

Programs::Programs(const ProgramOptions& options) : refusals_(ExpectedRefusals(options)) {
  const auto wanted = [&](const ProgramInfo& info) { return IsWanted(info, options); };
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
    if (Refusal refusal = ProbeProgram(info.name); !refusal.reason.empty()) {
      if (info.part == ProgramPart::kCgroup) {
        throw std::runtime_error("the kernel refuses " + std::string{info.name} +
                                 ", without which nothing can be counted: " + ToText(refusal));
      }
      refusals_.emplace(info.name, std::move(refusal));
    }
  }
  const LibbpfLog second_log;
  skeleton_ = Open(options, wanted);
  if (const int error = pdtt_bpf::load(skeleton_.get()); error != 0) {
    throw std::runtime_error("load the BPF object: " +
                             ToText(ExplainHere(Step::kLoad, error, second_log.Text())));
  }
}

Programs::~Programs() = default;

std::unique_ptr<Programs> Programs::LoadPart(const ProgramOptions& options, ProgramPart part,
                                             Refusal& refusal) {
  std::unique_ptr<Programs> programs{new Programs{nullptr, ExpectedRefusals(options)}};
  const LibbpfLog log;
  programs->skeleton_ = Open(options, [&](const ProgramInfo& info) {
    return info.part == part && programs->IsWanted(info, options);
  });
  if (const int error = pdtt_bpf::load(programs->skeleton_.get()); error != 0) {
    refusal = ExplainHere(Step::kLoad, error, log.Text());
    return nullptr;
  }
  return programs;
}

bool Programs::Fit(const ProgramOptions& options, const std::filesystem::path& tables,
                   OldTables& found) {
  found = {tables, false, false};
  const std::optional<pdtt_state> in_tables = ReadState(tables);
  if (!in_tables) {
    return false;
  }
  const pdtt_state& state = *in_tables;
  const pdtt_state own = OwnState(options);
  found.same_sockets = state.socket_layout == own.socket_layout;
  found.same_interfaces =
      state.interfaces == own.interfaces &&
      std::equal(std::begin(own.ifindex), std::end(own.ifindex), std::begin(state.ifindex));
  if (!found.same_sockets || !found.same_interfaces || state.table_layout != own.table_layout) {
    return false;
  }
  ProgramOptions unpinned = options;
  unpinned.tables.clear();
  unpinned.old_tables.reset();
  const Programs::Skeleton skeleton = Open(unpinned, [](const ProgramInfo&) { return false; });
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton->obj) {
    if (!IsPinned(*skeleton, map)) {
      continue;
    }
    const UniqueFd pinned{bpf_obj_get((tables / PinName(*skeleton, map)).c_str())};
    if (!pinned || !HasShapeOf(map, pinned.Get())) {
      return false;
    }
  }
  return true;
}

bpf_program* Programs::Find(std::string_view program) const {
  bpf_program* found = bpf_object__find_program_by_name(skeleton_->obj, program.data());
  return found != nullptr && bpf_program__autoload(found) ? found : nullptr;
}

Refusal Programs::RefusalOf(std::string_view program) const {
  const auto found = refusals_.find(program);
  return found == refusals_.end() ? Refusal{} : found->second;
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

void Programs::SetActiveGeneration(std::uint32_t generation) {
  __atomic_store_n(&skeleton_->bss->active_generation, generation, __ATOMIC_SEQ_CST);
}

pdtt_state OwnState(const ProgramOptions& options) {
  pdtt_state state{.table_layout = PDTT_TABLE_LAYOUT,
                   .socket_layout = PDTT_SOCKET_LAYOUT,
                   .ready = 1,
                   .interfaces = Entries(options.ifindexes.size()),
                   .ifindex = {},
                   .since_ns = 0,
                   .xdp_users_since_ns = 0,
                   .xdp_results_since_ns = 0};
  std::copy(options.ifindexes.begin(), options.ifindexes.end(), std::begin(state.ifindex));
  return state;
}

ProgramOptions TrialOptions() {
  ProgramOptions options;
  options.accounts = 8;
  options.connections = 64;
  return options;
}

Refusal ProbeProgram(std::string_view program) {
  return Probe(program, std::nullopt);
}

Refusal ExplainHere(Step step, int error, std::string_view log) {
  static const KernelFacts facts = ReadKernelFacts();
  return ExplainRefusal(step, error, log, facts);
}

}  // namespace pdtt
