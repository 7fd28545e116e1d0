// SPDX-License-Identifier: Apache-2.0
// Measures what the programs cost for each packet; test/bench/pdtt_bench/ makes a table of it.
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "bpf/host.h"
#include "contention.h"
#include "crowd.h"
#include "guard.h"
#include "layouts.h"
#include "live.h"
#include "packet_cases.h"

namespace pdtt::bench {
namespace {

ProgramOptions Options() {
  ProgramOptions options;
  options.ifindexes = {InterfaceIndex("lo")};
  options.system_uids = {{1, 999}};
  options.netns_cookie = NetnsCookie();
  return options;
}

constexpr const char* kUsage =
    "usage: pdtt_bench_packet test-runs|contention ROUNDS\n"
    "       pdtt_bench_packet live ROUNDS CGROUP PEER-NAMESPACE NEAR-ADDRESS FAR-ADDRESS tcp|udp\n"
    "                              CONNECTIONS ACCOUNTS PACKETS\n"
    "       pdtt_bench_packet guard\n";

std::uint32_t Number(const std::string& text) {
  return static_cast<std::uint32_t>(std::stoul(text));
}

void RunLive(std::span<const std::string> arguments) {
  const CrowdOptions options{.peer_namespace = arguments[3],
                             .near_address = arguments[4],
                             .far_address = arguments[5],
                             .tcp = arguments[6] == "tcp",
                             .connections = Number(arguments[7]),
                             .accounts = Number(arguments[8]),
                             .packets = Number(arguments[9])};
  Crowd crowd{options};  // its processes come first: they would inherit maps and programs
  Layouts layouts{Options()};
  MeasureLive(layouts, crowd, options, arguments[2], Number(arguments[1]));
}

int Guard() {
  if (geteuid() != 0) {
    std::cout << "SKIPPED: eBPF needs root" << std::endl;
    return EXIT_SUCCESS;
  }
  Layouts layouts{Options()};
  return PassesGuard(layouts) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int Run(std::span<const std::string> arguments) {
  const std::string what = arguments.empty() ? "" : arguments[0];
  if (what == "guard") {
    return Guard();
  }
  if (what == "live" && arguments.size() == 10) {
    RunLive(arguments);
  } else if (what == "test-runs" && arguments.size() == 2) {
    Layouts layouts{Options()};
    MeasureTestRuns(layouts, Number(arguments[1]));
  } else if (what == "contention" && arguments.size() == 2) {
    Layouts layouts{Options()};
    MeasureContention(layouts, Number(arguments[1]));
  } else {
    std::cerr << kUsage;
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace pdtt::bench

int main(int argc, char** argv) {
  try {
    return pdtt::bench::Run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::cerr << "pdtt_bench_packet: " << error.what() << std::endl;
    return EXIT_FAILURE;
  }
}
