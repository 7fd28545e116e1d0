// SPDX-License-Identifier: Apache-2.0
// The BPF object: opened, configured and loaded, leaving out programs this kernel refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpf/carried_totals.h"
#include "bpf/refusal.h"

struct bpf_program;
struct bpf_map;
struct pdtt_bpf;
struct pdtt_state;

namespace pdtt {

/// What a program is part of. The first four are the layers.
enum class ProgramPart {
  kXdp,
  kSockops,
  kCgroup,
  kSocket,
  kOlderSockets,
  kConnections,
  kConnectGuard
};

/// How the socket layer sees what applications send and receive.
enum class SocketWay { kNone, kTracepoint, kFentry, kKprobe };

struct ProgramInfo {
  const char* name = "";
  ProgramPart part = ProgramPart::kCgroup;
  SocketWay way = SocketWay::kNone;  ///< of the socket layer's programs
  /// The kernel function it is attached to, if its way goes without where there is none.
  const char* function = nullptr;
};

/// Every program of the object.
[[nodiscard]] std::span<const ProgramInfo> AllPrograms();

/// The id of the cgroup that every process of the host is in.
inline constexpr std::uint64_t kRootCgroup = 1;

/// Settings of the programs and sizes of their maps.
struct ProgramOptions {
  std::size_t accounts = 4096;
  std::size_t connections = 65536;
  std::vector<std::uint32_t> ifindexes;  ///< XDP is left out if there are none
  std::vector<std::pair<std::uint32_t, std::uint32_t>> system_uids;
  std::pair<std::uint32_t, std::uint32_t> ephemeral_ports{32768, 60999};
  std::uint64_t netns_cookie = 0;
  std::uint64_t cgroup_id = kRootCgroup;
  bool handover = true;
  SocketWay socket_way = SocketWay::kTracepoint;
  /// Whether tracing programs may use socket storage; unset: as this kernel has it.
  std::optional<bool> tracing_storage;

  /// Where the maps are pinned, and taken from if they are there; empty: nowhere.
  std::filesystem::path tables;
  /// Whose place these tables take: what has the same shape is taken over from there.
  std::optional<OldTables> old_tables;
  /// Which programs of the socket layer count: those whose number SetActiveGeneration() was given.
  std::uint32_t generation = 0;
};

class Programs {
 public:
  struct Destroy {
    void operator()(pdtt_bpf* skeleton) const noexcept;
  };
  using Skeleton = std::unique_ptr<pdtt_bpf, Destroy>;

  /// Loads what this kernel accepts. Throws std::runtime_error if the cgroup layer is refused.
  explicit Programs(const ProgramOptions& options);
  ~Programs();
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  /// Loads the programs of one part and no others. Null, and `refusal` says why, if the kernel does
  /// not accept them all.
  [[nodiscard]] static std::unique_ptr<Programs> LoadPart(const ProgramOptions& options,
                                                          ProgramPart part, Refusal& refusal);

  /// Whether the tables pinned there are what Programs(options) would make; `found` describes them.
  [[nodiscard]] static bool Fit(const ProgramOptions& options, const std::filesystem::path& tables,
                                OldTables& found);

  /// Null if the program was left out or refused.
  [[nodiscard]] bpf_program* Find(std::string_view program) const;

  /// Why the kernel refused a program; empty if it did not.
  [[nodiscard]] Refusal RefusalOf(std::string_view program) const;

  [[nodiscard]] bpf_map* Map(std::string_view name) const;
  [[nodiscard]] int MapFd(std::string_view name) const;

  [[nodiscard]] std::uint32_t ActiveBank() const;
  void SetActiveBank(std::uint32_t bank);
  void SetActiveGeneration(std::uint32_t generation);

 private:
  using Refusals = std::map<std::string, Refusal, std::less<>>;

  Programs(Skeleton skeleton, Refusals refusals);
  [[nodiscard]] static Refusals ExpectedRefusals(const ProgramOptions& options);
  [[nodiscard]] bool IsWanted(const ProgramInfo& info, const ProgramOptions& options) const;

  Skeleton skeleton_;
  Refusals refusals_;
};

/// What state_map holds once these tables are in use, without the times.
[[nodiscard]] pdtt_state OwnState(const ProgramOptions& options);

/// Small maps, to try whether programs load.
[[nodiscard]] ProgramOptions TrialOptions();

/// Loads one program alone, with small maps. Empty: the kernel accepts it; else why it does not.
[[nodiscard]] Refusal ProbeProgram(std::string_view program);

/// ExplainRefusal() with the facts of this kernel and process.
[[nodiscard]] Refusal ExplainHere(Step step, int error, std::string_view log = {});

}  // namespace pdtt
