// SPDX-License-Identifier: Apache-2.0
// Renders the page of a large snapshot as the server would, to nowhere: what HTTP, the kernel and
// the client add is left out. Prints a line of JSON for each way the page can be asked for.
#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "http/response_writer.h"
#include "large_snapshot.h"
#include "metrics/page.h"

namespace {

// What this process holds by operator new now, and held at most; one thread.
struct Heap {
  std::size_t now = 0;
  std::size_t most = 0;
  std::size_t allocations = 0;
};
Heap heap;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): operator new has no other

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) {
    throw std::bad_alloc{};
  }
  heap.now += malloc_usable_size(memory);
  heap.most = std::max(heap.most, heap.now);
  ++heap.allocations;
  return memory;
}

void operator delete(void* memory) noexcept {
  heap.now -= malloc_usable_size(memory);
  std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  operator delete(memory);
}

namespace {

// Processor time of this thread: the same as time on a machine with nothing else to do, and hardly
// changed by what else it does.
double Milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

struct Way {
  std::string_view name;
  pdtt::PageFormat format;
  bool gzip;
};
constexpr auto kWays =
    std::to_array<Way>({{"text", pdtt::PageFormat::kText, false},
                        {"text gzip", pdtt::PageFormat::kText, true},
                        {"openmetrics", pdtt::PageFormat::kOpenMetrics, false},
                        {"openmetrics gzip", pdtt::PageFormat::kOpenMetrics, true}});

struct Rendered {
  std::size_t sent = 0;
  double first_ms = 0;
  double ms = 0;
  std::size_t heap = 0;
  std::size_t allocations = 0;
};

// Its instructions are counted, by its name: see page_instructions.py.
[[gnu::noinline]] Rendered Render(const pdtt::Snapshot& snapshot,
                                  const pdtt::ExporterCounters& counters, const Way& way) {
  Rendered rendered;
  const Heap before = heap;
  heap.most = heap.now;
  const double begin = Milliseconds();
  const auto transport = [&](std::string_view bytes) {
    if (rendered.sent == 0) {
      rendered.first_ms = Milliseconds() - begin;
    }
    rendered.sent += bytes.size();
    return true;
  };
  const pdtt::ResponseTerms terms{.accepts_gzip = way.gzip,
                                  .deadline = std::chrono::steady_clock::time_point::max()};
  pdtt::ResponseWriter writer(transport, terms, 200, "text/plain");
  pdtt::WriteMetricsPage(snapshot, counters, "/proc", way.format,
                         [&writer](std::string_view piece) { return writer.Write(piece); });
  static_cast<void>(writer.Finish());
  rendered.ms = Milliseconds() - begin;
  rendered.heap = heap.most - before.now;
  rendered.allocations = heap.allocations - before.allocations;
  return rendered;
}

// Lines that are not comments; a created time is a sample of its own.
std::size_t Series(const pdtt::Snapshot& snapshot, const pdtt::ExporterCounters& counters,
                   pdtt::PageFormat format) {
  std::size_t series = 0;
  char before = '\n';
  pdtt::WriteMetricsPage(snapshot, counters, "/proc", format, [&](std::string_view piece) {
    for (const char c : piece) {
      series += before == '\n' && c != '#' ? 1U : 0U;
      before = c;
    }
    return true;
  });
  return series;
}

void Measure(const pdtt::Snapshot& snapshot, const Way& way, std::size_t runs) {
  const pdtt::ExporterCounters counters;
  std::vector<double> times;
  Rendered last;
  for (std::size_t run = 0; run < runs; ++run) {
    last = Render(snapshot, counters, way);
    times.push_back(last.ms);
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  std::cout << R"({"way": ")" << way.name << R"(", "series": )"
            << Series(snapshot, counters, way.format) << R"(, "sent": )" << last.sent
            << R"(, "ms": )" << *middle << R"(, "first_ms": )" << last.first_ms << R"(, "heap": )"
            << last.heap << R"(, "allocations": )" << last.allocations << "}\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: pdtt_bench_page USERS CONNECTIONS RUNS [WAY]\n";
    return 2;
  }
  try {
    const pdtt::Snapshot snapshot = pdtt::LargeSnapshot(std::stoul(argv[1]), std::stoul(argv[2]));
    const std::string_view wanted = argc > 4 ? argv[4] : "";
    for (const Way& way : kWays) {
      if (wanted.empty() || wanted == way.name) {
        Measure(snapshot, way, std::stoul(argv[3]));
      }
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
