// SPDX-License-Identifier: Apache-2.0
// Attaches the four layers, each failing alone, and knows what became of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/pins.h"
#include "bpf/programs.h"
#include "bpf/socket_ways.h"
#include "bpf/unique_fd.h"
#include "model/snapshot.h"

struct bpf_link_info;

namespace pdtt {

enum class XdpAttachMode { kOff, kAuto, kNative, kGeneric };

struct Interface {
  std::string name;
  std::uint32_t index = 0;
};

struct LayerOptions {
  std::filesystem::path cgroup;
  std::filesystem::path root_cgroup;  ///< the mount of cgroup2; empty: none was found
  std::vector<Interface> interfaces;
  XdpAttachMode xdp = XdpAttachMode::kAuto;
  std::vector<SocketWay> socket_ways;  ///< to try, in this order
};

/// How programs stay attached without the process.
struct LayerKeeping {
  const Pins* pins = nullptr;  ///< null: they do not
  std::uint32_t generation = 0;
  bool same_tables = true;  ///< as the programs have that were attached before
};

/// Everything is detached when it goes, unless it is pinned. Programs that an earlier process left
/// attached are exchanged for the new ones in place.
class Layers {
 public:
  /// `socket` is what ChooseSocketWay() made of options.socket_ways. Throws std::runtime_error or
  /// std::system_error if the cgroup layer cannot be attached.
  Layers(Programs& programs, const LayerOptions& options, const WayTrial& socket,
         const LayerKeeping& keeping);

  /// The layers' states; an interface that has gone since takes XDP down.
  [[nodiscard]] std::vector<LayerStatus> Status() const;

  /// Every program, with the kernel's run-time statistics.
  [[nodiscard]] std::vector<ProgramStatus> ProgramStatuses() const;

  /// The iterator over sockets and their counters; null if this kernel refused it.
  [[nodiscard]] const UniqueFd* SocketIterator() const { return Iterator("iter_sockets"); }

  /// What no layer's state tells, such as sockets that could not be looked at; a line each.
  [[nodiscard]] const std::vector<std::string>& Problems() const { return problems_; }

  /// Why connect() is not, or not everywhere, refused to those who may not; see ConnectGuard.
  [[nodiscard]] const Refusal& ConnectGuardRefusal() const { return guard_refusal_; }

 private:
  struct Attached {
    std::string program;
    std::uint32_t ifindex = 0;  ///< XDP only
    std::string interface;
    UniqueFd link;
  };

  void AttachCgroupLayer();
  void AttachSockops();
  void AttachSocketLayer(const WayTrial& socket);
  void TakeOverSocketLayer();
  void AttachXdpLayer();
  void AttachIterators();
  void AttachConnectGuard();
  void FindOlderSockets();
  void FindOlderSocketsByIterator();
  void FindOlderSocketsByDescriptor();
  [[nodiscard]] const UniqueFd* Iterator(std::string_view program) const;
  [[nodiscard]] int AttachToCgroup(const std::string& program);
  [[nodiscard]] UniqueFd TakeOver(const std::string& name, std::string_view program,
                                  const std::function<bool(const bpf_link_info&)>& fits);
  void Keep(const UniqueFd& link, const std::string& name);
  void RequireInCgroup(const std::string& program);
  void AttachXdpTo(const Interface& interface);
  [[nodiscard]] UniqueFd AttachXdpMode(const Interface& interface, const std::string& mode);
  [[nodiscard]] LayerStatus& StatusOf(Layer layer);
  [[nodiscard]] std::string MissingInterface() const;

  Programs& programs_;
  LayerOptions options_;
  LayerKeeping keeping_;
  std::set<std::string> kept_;  ///< names of pinned links
  UniqueFd cgroup_;
  std::vector<LayerStatus> status_;
  std::vector<Attached> attached_;
  std::vector<SocketHook> socket_hooks_;
  std::vector<std::string> problems_;
  Refusal guard_refusal_;
};

}  // namespace pdtt
