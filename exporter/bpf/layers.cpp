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
Layers::Layers(const Programs& programs, const LayerOptions& options, const WayTrial& socket)
    : programs_(programs),
      options_(options),
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
}

LayerStatus& Layers::StatusOf(Layer layer) {
  return status_[static_cast<std::size_t>(layer)];
}

int Layers::AttachToCgroup(std::string_view program) {
  UniqueFd link = AttachCgroup(programs_.Find(program), cgroup_.Get());
  if (!link) {
    return errno;
  }
  attached_.push_back({std::string{program}, 0, "", std::move(link)});
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
  status.up = !socket_hooks_.empty();
  status.mode = WayName(status.up ? socket.way : SocketWay::kNone);
  Explain(status, refusal);
}

void Layers::AttachXdpTo(const Interface& interface) {
  LayerStatus& status = StatusOf(Layer::kXdp);
  const bpf_program* program = programs_.Find("xdp_tracker");
  UniqueFd link;
  std::string mode = "native";
  if (options_.xdp != XdpAttachMode::kGeneric) {
    link = AttachXdp(program, interface.index, XDP_FLAGS_DRV_MODE);
  }
  // Generic XDP sees the same frames, only later; another program's place is taken either way.
  if (!link && options_.xdp != XdpAttachMode::kNative && errno != EBUSY && errno != EEXIST) {
    mode = "generic";
    link = AttachXdp(program, interface.index, XDP_FLAGS_SKB_MODE);
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
