// SPDX-License-Identifier: Apache-2.0
// The verifier sees other code for other settings: branches that cannot be taken are pruned.
#include <bpf/libbpf.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "bpf/programs.h"
#include "bpf/socket_ways.h"
#include "kernel_access.h"
#include "pdtt_abi.h"

namespace pdtt::test {
namespace {

// What this kernel may lack without anything being wrong: a way into the socket layer, a function
// that belongs to one, socket storage in iterators.
bool MayBeRefused(const ProgramInfo& info) {
  return info.part == ProgramPart::kSocket || info.part == ProgramPart::kOlderSockets;
}

ProgramOptions Sized(std::size_t interfaces, std::size_t ranges) {
  ProgramOptions options = SmallMaps();
  for (std::uint32_t i = 0; i < interfaces; ++i) {
    options.ifindexes.push_back(i + 1);
  }
  for (std::uint32_t i = 0; i < ranges; ++i) {
    options.system_uids.emplace_back(i * 100 + 1, i * 100 + 50);
  }
  return options;
}

void CheckLoads(const ProgramOptions& options, ProgramPart part) {
  INFO(options.ifindexes.size() << " interfaces, " << options.system_uids.size()
                                << " uid ranges, handover " << options.handover << ", cgroup "
                                << options.cgroup_id << ", way " << WayName(options.socket_way)
                                << ", storage " << options.tracing_storage.value_or(true));
  Refusal refusal;
  const auto programs = Programs::LoadPart(options, part, refusal);
  CHECK(refusal.reason == "");
  REQUIRE(programs);
  for (const ProgramInfo& info : AllPrograms()) {
    INFO(info.name);
    const bpf_program* program = programs->Find(info.name);
    const bool wanted = info.part == part && info.way == options.socket_way &&
                        programs->RefusalOf(info.name).reason.empty();
    if (info.part != part || part == ProgramPart::kSocket) {
      CHECK((program != nullptr) == wanted);
    }
    CHECK((program == nullptr || bpf_program__fd(program) >= 0));
  }
}

// All settings that the code of more than one part depends on.
void CheckLoadsWithAllSettings(ProgramOptions options, ProgramPart part) {
  for (const unsigned interfaces : {0U, 1U}) {
    for (const unsigned ranges : {0U, 1U, unsigned{PDTT_MAX_SYSTEM_UID_RANGES}}) {
      for (unsigned switches = 0; switches < 4; ++switches) {
        ProgramOptions all = Sized(interfaces, ranges);
        all.socket_way = options.socket_way;
        all.tracing_storage = options.tracing_storage;
        all.handover = (switches & 1U) != 0;
        all.cgroup_id = (switches & 2U) != 0 ? kRootCgroup : kRootCgroup + 1;
        CheckLoads(all, part);
      }
    }
  }
}

TEST_CASE("The programs load with the default options", "[kernel]") {
  const ProgramOptions options;
  const auto programs = LoadOrSkip(options);
  if (!programs) {
    return;
  }
  for (const ProgramInfo& info : AllPrograms()) {
    INFO(info.name);
    CHECK((MayBeRefused(info) || programs->RefusalOf(info.name).reason.empty()));
  }
  CHECK(bpf_map__max_entries(programs->Map("user_stats_map")) == options.accounts * PDTT_BANKS);
  CHECK(bpf_map__max_entries(programs->Map("account_map")) == options.accounts);
}

TEST_CASE("The cgroup layer loads with every combination of settings", "[kernel]") {
  if (BpfIsAllowed()) {
    CheckLoadsWithAllSettings({}, ProgramPart::kCgroup);
  }
}

TEST_CASE("The sockops layer loads with every combination of settings", "[kernel]") {
  if (BpfIsAllowed()) {
    CheckLoadsWithAllSettings({}, ProgramPart::kSockops);
  }
}

TEST_CASE("The iterators load with every combination of settings", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  CheckLoads(SmallMaps(), ProgramPart::kConnections);
  if (ProbeProgram("iter_udp").reason.empty()) {
    CheckLoadsWithAllSettings({}, ProgramPart::kOlderSockets);
  }
}

TEST_CASE("The connect guard loads with every combination of settings", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  for (const std::uint64_t cookie : {0U, 1U}) {
    ProgramOptions options = SmallMaps();
    options.netns_cookie = cookie;
    CheckLoads(options, ProgramPart::kConnectGuard);
  }
}

TEST_CASE("The XDP layer loads with one interface and with as many as there may be", "[kernel]") {
  if (BpfIsAllowed()) {
    CheckLoads(Sized(1, 0), ProgramPart::kXdp);
    CheckLoads(Sized(PDTT_MAX_INTERFACES, 0), ProgramPart::kXdp);
  }
}

TEST_CASE("The socket layer loads by each way with every combination of settings", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  const bool has_storage = ProbeProgram("iter_udp").reason.empty();
  for (const WayTrial& trial : TrySocketWays()) {
    for (const bool storage : {true, false}) {
      ProgramOptions options;
      options.socket_way = trial.way;
      options.tracing_storage = storage;
      // The programs of a kprobe never use it; others can't where the kernel has it not.
      if (trial.Works() && (!storage || (has_storage && trial.way != SocketWay::kKprobe))) {
        CheckLoadsWithAllSettings(options, ProgramPart::kSocket);
      }
    }
  }
}

TEST_CASE("Each program also loads alone, which is how a refusal is found", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  for (const ProgramInfo& info : AllPrograms()) {
    INFO(info.name);
    const Refusal refusal = ProbeProgram(info.name);
    CHECK((MayBeRefused(info) || refusal.reason.empty()));
  }
}

TEST_CASE("The active bank can be set while the programs are loaded", "[kernel]") {
  const auto programs = LoadOrSkip(SmallMaps());
  if (!programs) {
    return;
  }
  CHECK(programs->ActiveBank() == 0);
  programs->SetActiveBank(1);
  CHECK(programs->ActiveBank() == 1);
  CHECK_THROWS_AS(programs->Map("no_such_map"), std::logic_error);
  CHECK(programs->Find("no_such_program") == nullptr);
}

}  // namespace
}  // namespace pdtt::test
