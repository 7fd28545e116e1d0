// SPDX-License-Identifier: Apache-2.0
#include "contention.h"

#include <netinet/in.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <ctime>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "output.h"
#include "packet_builder.h"
#include "test_run.h"

namespace pdtt::bench {
namespace {

constexpr std::uint32_t kRepeat = 40'000;
constexpr std::uint32_t kAdds = 100'000;
constexpr std::size_t kPacket = 70;  // bytes from the IP header on
constexpr std::size_t kCacheLine = 64;

std::vector<std::size_t> AllCpus() {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof(allowed), &allowed);
  std::vector<std::size_t> cpus;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

void StayOn(std::size_t cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  sched_setaffinity(0, sizeof(only), &only);
}

// Runs `work(thread)` at the same time on each of the CPUs; all the times it gives.
std::vector<double> TimeOnAll(const std::vector<std::size_t>& cpus, std::uint32_t rounds,
                              const std::function<double(std::size_t)>& work) {
  std::barrier start{static_cast<std::ptrdiff_t>(cpus.size())};
  std::vector<std::vector<double>> times(cpus.size());
  std::vector<std::exception_ptr> errors(cpus.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < cpus.size(); ++i) {
      threads.emplace_back([&, i] {
        StayOn(cpus[i]);
        for (std::uint32_t round = 0; round < rounds; ++round) {
          start.arrive_and_wait();
          try {
            times[i].push_back(work(i));
          } catch (...) {
            errors[i] = std::current_exception();
          }
        }
      });
    }
  }
  std::vector<double> all;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    if (errors[i]) {
      std::rethrow_exception(errors[i]);
    }
    all.insert(all.end(), times[i].begin(), times[i].end());
  }
  return all;
}

// A connection of its own for each thread.
Bytes FrameOf(std::size_t thread) {
  test::Ends ends{.source = test::Ipv4Address(1), .destination = test::Ipv4Address(2)};
  ends.source_port = static_cast<std::uint16_t>(1 + thread);
  ends.destination_port = 443;
  return test::Ethernet(test::kEtherIpv4,
                        test::Ipv4(ends, IPPROTO_TCP, test::Tcp(ends, test::Payload(30))));
}

double TimeAdds(std::atomic<std::uint64_t>& word) {
  timespec begin{};
  timespec end{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
  for (std::uint32_t i = 0; i < kAdds; ++i) {
    word.fetch_add(1, std::memory_order_relaxed);
  }
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  return (static_cast<double>(end.tv_sec - begin.tv_sec) * 1e9 +
          static_cast<double>(end.tv_nsec - begin.tv_nsec)) /
         kAdds;
}

std::string OnCpus(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " CPU" : " CPUs");
}

void MeasureLayouts(Layouts& layouts, const std::vector<std::size_t>& cpus, std::uint32_t rounds) {
  constexpr std::array kMeasured{Layout::kEmpty, Layout::kOurs, Layout::kOriginal};
  const std::string where = "one user, established TCP, IPv4, egress, " + OnCpus(cpus.size());
  std::array<Counted, kMeasured.size()> before;
  for (std::size_t i = 0; i < kMeasured.size(); ++i) {
    before[i] = layouts.Count(kMeasured[i], Hook::kEgress);
  }
  std::array<std::vector<double>, kMeasured.size()> times;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < kMeasured.size(); ++i) {
      const int program = layouts.TestProgram(kMeasured[i], Hook::kEgress);
      times[i].push_back(Median(TimeOnAll(cpus, 1, [&](std::size_t thread) {
        return TimeTestRun(program, false, FrameOf(thread), kRepeat);
      })));
    }
  }
  for (std::size_t i = 0; i < kMeasured.size(); ++i) {
    const std::uint64_t runs = std::uint64_t{rounds} * cpus.size() * kRepeat;
    if (kMeasured[i] != Layout::kEmpty &&
        layouts.Count(kMeasured[i], Hook::kEgress) !=
            Counted{before[i].bytes + runs * kPacket, before[i].packets + runs}) {
      throw std::runtime_error(std::string{NameOf(kMeasured[i])} + ", " + where +
                               ": packets were lost or counted twice");
    }
    std::vector<double> above;
    for (std::size_t round = 0; round < rounds; ++round) {
      above.push_back(times[i][round] - times[0][round]);
    }
    Print({NameOf(kMeasured[i]), where, Median(times[i]), Median(above), 0, 0});
  }
}

}  // namespace

void MeasureContention(Layouts& layouts, std::uint32_t rounds) {
  const std::vector<std::size_t> cpus = AllCpus();
  layouts.SetConnections(1);
  layouts.SetSocket(PDTT_TCP, true);
  MeasureLayouts(layouts, {cpus.front()}, rounds);
  MeasureLayouts(layouts, cpus, rounds);
  struct alignas(2 * kCacheLine) Line {
    std::atomic<std::uint64_t> word{0};
  };
  std::vector<Line> lines(cpus.size());
  for (const bool shared : {false, true}) {
    // Of others' work on this machine, the time has nothing; but it may keep the CPUs from meeting.
    std::vector<double> ns = TimeOnAll(cpus, 20 * rounds, [&](std::size_t thread) {
      return TimeAdds(lines[shared ? 0 : thread].word);
    });
    std::sort(ns.begin(), ns.end());
    Print({shared ? "atomic add to a word of all CPUs" : "atomic add to a word of the CPU's own",
           OnCpus(cpus.size()), ns[ns.size() * 9 / 10], 0, 0, 0});
  }
}

}  // namespace pdtt::bench
