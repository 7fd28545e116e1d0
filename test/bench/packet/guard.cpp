// SPDX-License-Identifier: Apache-2.0
#include "guard.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <array>
#include <iostream>

#include "bpf/error.h"
#include "packet_cases.h"

namespace pdtt::bench {
namespace {

// Of the quickest rounds, above the empty program. 0.42 and 1.5 were measured: the rest is
// left to chance. Six atomic adds instead of three bring the first to 0.76.
constexpr double kMostOfSocket = 0.62;
constexpr double kMostOfXdp = 2.2;

struct Bound {
  const char* program;
  std::uint32_t instructions;  // as the kernel has translated it
};
// A third more than there were on Linux 6.18.
constexpr std::array kBounds{
    Bound{"cgroup_skb_ingress", 2900},
    Bound{"cgroup_skb_egress", 3350},
    Bound{"xdp_tracker", 630},
};

bool IsWithin(const std::string& what, double value, double bound) {
  const bool within = value <= bound;
  std::cout << (within ? "" : "TOO MUCH: ") << what << ": " << value << ", at most " << bound
            << std::endl;
  return within;
}

std::uint32_t Instructions(const bpf_program* program) {
  bpf_prog_info info{};
  __u32 size = sizeof(info);
  if (const int error = bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size);
      error != 0) {
    ThrowBpf(error, "look at a program");
  }
  return info.xlated_prog_len / sizeof(bpf_insn);
}

}  // namespace

bool PassesGuard(Layouts& layouts) {
  bool passes = true;
  for (const Bound& bound : kBounds) {
    passes &= IsWithin(std::string{bound.program} + ", instructions",
                       Instructions(layouts.Exporter().Find(bound.program)), bound.instructions);
  }
  for (const Hook hook : {Hook::kIngress, Hook::kEgress, Hook::kXdp}) {
    passes &= IsWithin(std::string{NameOf(hook)} + ", time to that of the original layout",
                       LowestRatio(layouts, hook), hook == Hook::kXdp ? kMostOfXdp : kMostOfSocket);
  }
  return passes;
}

}  // namespace pdtt::bench
