// SPDX-License-Identifier: Apache-2.0
// The verifier sees other code for other settings: branches that cannot be taken are pruned.
#include <bpf/libbpf.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "bpf/programs.h"
#include "kernel_access.h"
#include "pdtt_abi.h"

namespace pdtt::test {
namespace {

// Older kernels do not have the tracepoints of the socket layer; anything else has to load.
void CheckLoaded(const Programs& programs, const ProgramOptions& options) {
  for (const ProgramInfo& info : AllPrograms()) {
    INFO(info.name);
    const std::string refusal = programs.Refusal(info.name);
    if (info.part == ProgramPart::kSocket && !refusal.empty()) {
      CHECK(refusal == "this kernel does not have the hook");
      continue;
    }
    CHECK(refusal.empty());
    const bool wanted = (info.part != ProgramPart::kXdp || !options.ifindexes.empty()) &&
                        (info.part != ProgramPart::kSocket || options.socket_layer);
    const bpf_program* program = programs.Find(info.name);
    CHECK((program != nullptr) == wanted);
    CHECK((program != nullptr && bpf_program__fd(program) >= 0) == wanted);
  }
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

TEST_CASE("The programs load with the default options", "[kernel]") {
  const ProgramOptions options;
  const auto programs = LoadOrSkip(options);
  if (!programs) {
    return;
  }
  CheckLoaded(*programs, options);
  CHECK(bpf_map__max_entries(programs->Map("user_stats_map")) == options.accounts * PDTT_BANKS);
  CHECK(bpf_map__max_entries(programs->Map("account_map")) == options.accounts);
}

TEST_CASE("The programs load with every combination of settings", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  for (const unsigned interfaces : {0U, 1U, unsigned{PDTT_MAX_INTERFACES}}) {
    for (const unsigned ranges : {0U, 1U, unsigned{PDTT_MAX_SYSTEM_UID_RANGES}}) {
      for (unsigned switches = 0; switches < 8; ++switches) {
        ProgramOptions options = Sized(interfaces, ranges);
        options.handover = (switches & 1U) != 0;
        options.cgroup_id = (switches & 2U) != 0 ? kRootCgroup : kRootCgroup + 1;
        options.socket_layer = (switches & 4U) != 0;
        INFO(interfaces << " interfaces, " << ranges << " uid ranges, handover " << options.handover
                        << ", cgroup " << options.cgroup_id << ", socket layer "
                        << options.socket_layer);
        CheckLoaded(Programs{options}, options);
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
    const std::string refusal = ProbeProgram(info.name);
    if (info.part != ProgramPart::kSocket) {
      CHECK(refusal.empty());
    }
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
