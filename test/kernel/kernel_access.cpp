// SPDX-License-Identifier: Apache-2.0
#include "kernel_access.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <stdexcept>

#include "bpf/host.h"
#include "bpf/unique_fd.h"

namespace pdtt::test {

bool BpfIsAllowed() {
  try {
    RequireBpf(ReadKernelFacts());
    return true;
  } catch (const std::runtime_error& error) {
    std::cout << "SKIPPED: " << error.what() << std::endl;
    return false;
  }
}

bool TestRunsShowPackets() {
  constexpr __s16 kData = offsetof(__sk_buff, data);
  constexpr __s16 kDataEnd = offsetof(__sk_buff, data_end);
  constexpr std::array kNotEmpty = {
      bpf_insn{BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, kData, 0},
      bpf_insn{BPF_LDX | BPF_MEM | BPF_W, BPF_REG_3, BPF_REG_1, kDataEnd, 0},
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1},
      bpf_insn{BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, 1},
      bpf_insn{BPF_JMP | BPF_JLE | BPF_X, BPF_REG_2, BPF_REG_3, 1, 0},
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
      bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  };
  if (!BpfIsAllowed()) {
    return false;
  }
  const UniqueFd program{bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "pdtt_probe", "GPL",
                                       kNotEmpty.data(), kNotEmpty.size(), nullptr)};
  std::array<std::uint8_t, 64> frame{};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = frame.size());
  if (!program || bpf_prog_test_run_opts(program.Get(), &options) != 0) {
    throw std::runtime_error("run a program with a packet of zeros");
  }
  if (options.retval == 0) {
    std::cout << "SKIPPED: this kernel's test runs show programs of cgroups no packet" << std::endl;
  }
  return options.retval != 0;
}

ProgramOptions SmallMaps() {
  ProgramOptions options;
  options.accounts = 64;
  options.connections = 256;
  return options;
}

std::unique_ptr<Programs> LoadOrSkip(const ProgramOptions& options) {
  return BpfIsAllowed() ? std::make_unique<Programs>(options) : nullptr;
}

}  // namespace pdtt::test
