// SPDX-License-Identifier: Apache-2.0
#include "bpf/layers.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <span>
#include <system_error>
#include <utility>

#include "bpf/attach.h"
#include "bpf/error.h"
#include "bpf/host.h"
#include "bpf/network_namespaces.h"
#include "bpf/older_sockets.h"

namespace pdtt {
namespace {

std::string Message(int error) {
  return std::system_category().message(error);
}

void Explain(LayerStatus& status, const Refusal& refusal) {
  status.reason = refusal.reason;
  status.remedy = refusal.remedy;
}

}  // namespace

// The order matters: sockets get an owner before they are looked for, older ones are looked for
// before anybody could find them without, and packets are counted last.
Layers::Layers(Programs& programs, const LayerOptions& options, const WayTrial& socket,
               const LayerKeeping& keeping)
    : programs_(programs),
      options_(options),
      keeping_(keeping),
      cgroup_(open(options.cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!cgroup_) {
    ThrowBpf(errno, "open " + options.cgroup.string());
  }
  for (const Layer layer : {Layer::kXdp, Layer::kSockops, Layer::kCgroup, Layer::kSocket}) {
    status_.push_back({layer, false, "off", "", ""});
  }
  RequireInCgroup("sock_create_tracker");
  RequireInCgroup("sock_release_tracker");
  AttachSockops();
  AttachIterators();
  FindOlderSockets();
  AttachSocketLayer(socket);
  AttachCgroupLayer();
  AttachXdpLayer();
  AttachConnectGuard();
  if (keeping_.pins != nullptr) {
    keeping_.pins->DropLinksExcept(kept_);
  }
}

LayerStatus& Layers::StatusOf(Layer layer) {
  return status_[static_cast<std::size_t>(layer)];
}

// The kernel exchanges the program of a link between one packet and the next. A link to what is
// gone (its cgroup, its interface) is a husk that refuses.
UniqueFd Layers::TakeOver(const std::string& name, std::string_view program,
                          const std::function<bool(const bpf_link_info&)>& fits) {
  if (keeping_.pins == nullptr) {
    return {};
  }
  UniqueFd link = keeping_.pins->OpenLink(name);
  bpf_link_info info{};
  __u32 size = sizeof(info);
  if (link && bpf_obj_get_info_by_fd(link.Get(), &info, &size) == 0 && fits(info) &&
      bpf_link_update(link.Get(), bpf_program__fd(programs_.Find(program)), nullptr) == 0) {
    kept_.insert(name);
    return link;
  }
  keeping_.pins->DropLink(name);
  return {};
}

void Layers::Keep(const UniqueFd& link, const std::string& name) {
  if (keeping_.pins != nullptr) {
    keeping_.pins->KeepLink(link, name);
    kept_.insert(name);
  }
}

int Layers::AttachToCgroup(const std::string& program) {
  const std::uint64_t cgroup = CgroupId(options_.cgroup);
  UniqueFd link = TakeOver(
      program, program, [&](const bpf_link_info& info) { return info.cgroup.cgroup_id == cgroup; });
  if (!link) {
    link = AttachCgroup(programs_.Find(program), cgroup_.Get());
    if (!link) {
      return errno;
    }
    Keep(link, program);
  }
  attached_.push_back({program, 0, "", std::move(link)});
  return 0;
}

void Layers::RequireInCgroup(const std::string& program) {
  if (const int error = AttachToCgroup(program); error != 0) {
    ThrowBpf(error, "attach " + program + " to " + options_.cgroup.string());
  }
}

void Layers::AttachCgroupLayer() {
  RequireInCgroup("cgroup_skb_ingress");
  RequireInCgroup("cgroup_skb_egress");
  StatusOf(Layer::kCgroup) = {Layer::kCgroup, true, "attached", "", ""};
}

void Layers::AttachSockops() {
  LayerStatus& status = StatusOf(Layer::kSockops);
  if (programs_.Find("sockops_tracker") == nullptr) {
    Explain(status, programs_.RefusalOf("sockops_tracker"));
    return;
  }
  if (const int error = AttachToCgroup("sockops_tracker"); error != 0) {
    Explain(status, ExplainHere(Step::kAttachCgroup, error));
    return;
  }
  status = {Layer::kSockops, true, "attached", "", ""};
}

void Layers::AttachIterators() {
  for (const char* name : {"iter_tcp", "iter_udp", "iter_sockets"}) {
    const bpf_program* program = programs_.Find(name);
    const bool sockets = std::string_view{name} == "iter_sockets";
    if (program == nullptr) {
      if (sockets) {  // the others can be done without
        problems_.push_back(std::string{name} + ": " + programs_.RefusalOf(name).reason);
      }
      continue;
    }
    UniqueFd link = AttachIterator(program, sockets ? programs_.MapFd("conn_stats_map") : -1);
    if (!link) {
      problems_.push_back(std::string{"attach "} + name + ": " + Message(errno));
      continue;
    }
    attached_.push_back({name, 0, "", std::move(link)});
  }
}

void Layers::FindOlderSockets() {
  if (Iterator("iter_tcp") == nullptr || Iterator("iter_udp") == nullptr) {
    FindOlderSocketsByDescriptor();
  } else {
    FindOlderSocketsByIterator();
  }
}

// Once; the iterators walk over all sockets of one network namespace.
void Layers::FindOlderSocketsByIterator() {
  const std::size_t refused = VisitNetworkNamespaces("/proc", [this] {
    for (const char* name : {"iter_tcp", "iter_udp"}) {
      if (!ReadIterator(*Iterator(name), [](std::span<const std::byte>) {})) {
        problems_.push_back(std::string{"run "} + name + ": " + Message(errno));
      }
    }
  });
  if (refused != 0) {
    problems_.push_back(std::to_string(refused) +
                        " processes are in network namespaces that cannot be told or entered, "
                        "which takes CAP_SYS_PTRACE and CAP_SYS_ADMIN: sockets there that are "
                        "older than the exporter are found when they move data");
  }
}

void Layers::FindOlderSocketsByDescriptor() {
  const std::size_t refused =
      AdoptOpenSockets("/proc", programs_.MapFd("conn_stats_map"), programs_.MapFd("subuid_map"));
  if (refused != 0) {
    problems_.push_back(std::to_string(refused) +
                        " processes cannot be looked into, which takes CAP_SYS_PTRACE: of their "
                        "sockets that are older than the exporter, TCP is found when it moves "
                        "data, UDP over IPv4 belongs to nobody");
  }
}

const UniqueFd* Layers::Iterator(std::string_view program) const {
  const auto found = std::find_if(attached_.begin(), attached_.end(),
                                  [&](const Attached& one) { return one.program == program; });
  return found == attached_.end() ? nullptr : &found->link;
}

void Layers::AttachSocketLayer(const WayTrial& socket) {
  LayerStatus& status = StatusOf(Layer::kSocket);
  Refusal refusal = socket.refusal;
  if (options_.socket_ways.empty()) {
    refusal = {"switched off by the configuration", ""};
  } else if (socket.way != SocketWay::kNone) {
    socket_hooks_ = AttachSocketWay(programs_, socket.way, refusal);
  }
  TakeOverSocketLayer();
  status.up = !socket_hooks_.empty();
  status.mode = WayName(status.up ? socket.way : SocketWay::kNone);
  Explain(status, refusal);
}

// Their links take no other program. So both are attached for a moment, and the tables say whose
// turn it is; programs with other tables do not hear of that, and go first.
void Layers::TakeOverSocketLayer() {
  if (keeping_.pins == nullptr) {
    return;
  }
  try {
    for (std::size_t i = 0; i < socket_hooks_.size(); ++i) {
      const SocketHook& hook = socket_hooks_[i];
      keeping_.pins->KeepInGeneration(
          hook.kprobe ? bpf_link__fd(hook.kprobe.get()) : hook.link.Get(), keeping_.generation,
          hook.program + "-" + std::to_string(i));
    }
  } catch (const std::system_error& error) {
    problems_.push_back(
        std::string{"the socket layer does not count while the exporter is down: "} + error.what());
  }
  if (!keeping_.same_tables) {
    keeping_.pins->DropOtherGenerations(keeping_.generation);
  }
  programs_.SetActiveGeneration(keeping_.generation);
  keeping_.pins->DropOtherGenerations(keeping_.generation);
}

UniqueFd Layers::AttachXdpMode(const Interface& interface, const std::string& mode) {
  const std::string name = "xdp-" + mode + "-" + std::to_string(interface.index);
  UniqueFd link = TakeOver(name, "xdp_tracker", [&](const bpf_link_info& info) {
    return info.xdp.ifindex == interface.index;
  });
  if (!link) {
    link = AttachXdp(programs_.Find("xdp_tracker"), interface.index,
                     mode == "native" ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
    if (link) {
      Keep(link, name);
    }
  }
  return link;
}

void Layers::AttachXdpTo(const Interface& interface) {
  LayerStatus& status = StatusOf(Layer::kXdp);
  UniqueFd link;
  std::string mode = "native";
  if (options_.xdp != XdpAttachMode::kGeneric) {
    link = AttachXdpMode(interface, mode);
  }
  // Generic XDP sees the same frames, only later; another program's place is taken either way.
  if (!link && options_.xdp != XdpAttachMode::kNative && errno != EBUSY && errno != EEXIST) {
    mode = "generic";
    link = AttachXdpMode(interface, mode);
  }
  if (!link) {
    Refusal refusal = ExplainHere(Step::kAttachXdp, errno);
    refusal.reason.insert(0, interface.name + ": ");
    Explain(status, refusal);
    return;
  }
  status.mode = mode;
  attached_.push_back({"xdp_tracker", interface.index, interface.name, std::move(link)});
}

void Layers::AttachXdpLayer() {
  LayerStatus& status = StatusOf(Layer::kXdp);
  if (options_.xdp == XdpAttachMode::kOff) {
    status.reason = "switched off by the configuration";
    return;
  }
  if (options_.interfaces.empty()) {
    status.reason = "no interface is named; --interface=NAME switches it on";
    return;
  }
  if (programs_.Find("xdp_tracker") == nullptr) {
    Explain(status, programs_.RefusalOf("xdp_tracker"));
    return;
  }
  for (const Interface& interface : options_.interfaces) {
    AttachXdpTo(interface);
  }
  status.up = status.reason.empty();
}

// At the root even where only a part of the host is counted, and never pinned: there is nothing to
// guard once the process has gone.
void Layers::AttachConnectGuard() {
  if (options_.root_cgroup.empty()) {
    guard_refusal_ = {"no cgroup2 is mounted", "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"};
    return;
  }
  const UniqueFd root{open(options_.root_cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  for (const char* name : {"connect4_guard", "connect6_guard"}) {
    const bpf_program* program = programs_.Find(name);
    if (program == nullptr) {
      guard_refusal_ = programs_.RefusalOf(name);
      continue;
    }
    UniqueFd link = AttachCgroup(program, root.Get());
    if (!link) {
      guard_refusal_ = ExplainHere(Step::kAttachCgroup, errno);
      continue;
    }
    attached_.push_back({name, 0, "", std::move(link)});
  }
  if (guard_refusal_.reason.empty() && CgroupId(options_.root_cgroup) != kRootCgroup) {
    guard_refusal_ = {"only processes below " + options_.root_cgroup.string() +
                          " are refused: the root of the host's cgroup2 is not visible here",
                      "run the exporter in the host's cgroup namespace (--cgroupns=host)"};
  }
}

std::string Layers::MissingInterface() const {
  for (const Attached& attached : attached_) {
    if (attached.ifindex == 0) {
      continue;
    }
    bpf_link_info info{};
    __u32 size = sizeof(info);
    if (bpf_obj_get_info_by_fd(attached.link.Get(), &info, &size) == 0 && info.xdp.ifindex == 0) {
      return attached.interface;
    }
  }
  return {};
}

std::vector<LayerStatus> Layers::Status() const {
  std::vector<LayerStatus> status = status_;
  if (const std::string missing = MissingInterface(); !missing.empty()) {
    LayerStatus& xdp = status[static_cast<std::size_t>(Layer::kXdp)];
    xdp.up = false;
    xdp.reason = missing + ": the interface is gone";
  }
  return status;
}

std::vector<ProgramStatus> Layers::ProgramStatuses() const {
  std::vector<ProgramStatus> statuses;
  for (const ProgramInfo& info : AllPrograms()) {
    ProgramStatus status;
    status.name = info.name;
    const bpf_program* program = programs_.Find(info.name);
    bpf_prog_info kernel{};
    __u32 size = sizeof(kernel);
    if (program != nullptr &&
        bpf_obj_get_info_by_fd(bpf_program__fd(program), &kernel, &size) == 0) {
      status.run_time_ns = kernel.run_time_ns;
      status.runs = kernel.run_cnt;
    }
    const auto is_it = [&](const auto& one) { return one.program == info.name; };
    status.attached = std::any_of(attached_.begin(), attached_.end(), is_it) ||
                      std::any_of(socket_hooks_.begin(), socket_hooks_.end(), is_it);
    statuses.push_back(std::move(status));
  }
  return statuses;
}

}  // namespace pdtt
