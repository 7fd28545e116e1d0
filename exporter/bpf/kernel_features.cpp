// SPDX-License-Identifier: Apache-2.0
#include "bpf/kernel_features.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <array>
#include <span>

#include "bpf/unique_fd.h"

namespace pdtt {
namespace {

constexpr bpf_insn kReturnZero{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0};
constexpr bpf_insn kExit{BPF_JMP | BPF_EXIT, 0, 0, 0, 0};

bool Loads(bpf_prog_type type, std::span<const bpf_insn> program, __u32 flags) {
  LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = flags);
  const UniqueFd loaded{
      bpf_prog_load(type, "pdtt_probe", "GPL", program.data(), program.size(), &options)};
  return static_cast<bool>(loaded);
}

}  // namespace

bool HasFetchAtomics() {
  constexpr __s16 kSlot = -8;
  constexpr std::array kProgram = {
      bpf_insn{BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, kSlot, 0},
      bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1},
      bpf_insn{BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_10, BPF_REG_1, kSlot, BPF_OR | BPF_FETCH},
      kReturnZero,
      kExit,
  };
  return Loads(BPF_PROG_TYPE_CGROUP_SKB, kProgram, 0);
}

bool HasXdpFrags() {
  constexpr std::array kProgram = {kReturnZero, kExit};
  return Loads(BPF_PROG_TYPE_XDP, kProgram, BPF_F_XDP_HAS_FRAGS);
}

}  // namespace pdtt
