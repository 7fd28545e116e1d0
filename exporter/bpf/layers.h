// SPDX-License-Identifier: Apache-2.0
// Attaches the four layers, each failing alone, and knows what became of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/programs.h"
#include "bpf/socket_ways.h"
#include "bpf/unique_fd.h"
#include "model/snapshot.h"

namespace pdtt {

enum class XdpAttachMode { kOff, kAuto, kNative, kGeneric };

struct Interface {
  std::string name;
  std::uint32_t index = 0;
};

struct LayerOptions {
  std::filesystem::path cgroup;
  std::vector<Interface> interfaces;
  XdpAttachMode xdp = XdpAttachMode::kAuto;
  std::vector<SocketWay> socket_ways;  ///< to try, in this order
};

/// Everything is detached when it goes.
class Layers {
 public:
  /// `socket` is what ChooseSocketWay() made of options.socket_ways. Throws std::runtime_error or
  /// std::system_error if the cgroup layer cannot be attached.
  Layers(const Programs& programs, const LayerOptions& options, const WayTrial& socket);

  /// The layers' states; an interface that has gone since takes XDP down.
  [[nodiscard]] std::vector<LayerStatus> Status() const;

  /// Every program, with the kernel's run-time statistics.
  [[nodiscard]] std::vector<ProgramStatus> ProgramStatuses() const;

  /// The iterator over sockets and their counters; null if this kernel refused it.
  [[nodiscard]] const UniqueFd* SocketIterator() const { return Iterator("iter_sockets"); }

  /// What no layer's state tells, such as sockets that could not be looked at; a line each.
  [[nodiscard]] const std::vector<std::string>& Problems() const { return problems_; }

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
  void AttachXdpLayer();
  void AttachIterators();
  void FindOlderSockets();
  void FindOlderSocketsByIterator();
  void FindOlderSocketsByDescriptor();
  [[nodiscard]] const UniqueFd* Iterator(std::string_view program) const;
  [[nodiscard]] int AttachToCgroup(std::string_view program);
  void RequireInCgroup(const std::string& program);
  void AttachXdpTo(const Interface& interface);
  [[nodiscard]] LayerStatus& StatusOf(Layer layer);
  [[nodiscard]] std::string MissingInterface() const;

  const Programs& programs_;
  LayerOptions options_;
  UniqueFd cgroup_;
  std::vector<LayerStatus> status_;
  std::vector<Attached> attached_;
  std::vector<SocketHook> socket_hooks_;
  std::vector<std::string> problems_;
};

}  // namespace pdtt
