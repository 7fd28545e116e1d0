// SPDX-License-Identifier: Apache-2.0
#include "test_run.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <ctime>

#include "bpf/error.h"
#include "bpf/host.h"

namespace pdtt::bench {
namespace {

constexpr std::uint32_t kFirstRun = 0xffffffff;  // turns.bpf.h

double ThreadNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

double TimeTestRun(int program, bool xdp, const Bytes& frame, std::uint32_t repeat) {
  static const std::uint32_t loopback = InterfaceIndex("lo");
  __sk_buff packet{};
  packet.mark = kFirstRun;
  xdp_md buffer{};
  buffer.data_end = static_cast<__u32>(frame.size());
  buffer.ingress_ifindex = loopback;
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
              .data_size_in = static_cast<__u32>(frame.size()), .repeat = static_cast<int>(repeat));
  if (xdp) {
    options.ctx_in = &buffer;
    options.ctx_size_in = sizeof(buffer);
  } else {
    options.ctx_in = &packet;
    options.ctx_size_in = sizeof(packet);
  }
  const double begin = ThreadNanoseconds();
  const int error = bpf_prog_test_run_opts(program, &options);
  const double end = ThreadNanoseconds();
  if (error != 0) {
    ThrowBpf(error, "run a program for test");
  }
  return (end - begin) / repeat;
}

double Median(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace pdtt::bench
