// SPDX-License-Identifier: Apache-2.0
#include "metrics/process_stats.h"

#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace pdtt {
namespace {

namespace fs = std::filesystem;

// Fields of self/stat by their numbers in proc(5).
enum StatField : std::size_t {
  kState = 3,
  kUserTime = 14,
  kSystemTime = 15,
  kThreads = 20,
  kStartTime = 22,
  kVirtualBytes = 23,
  kResidentPages = 24,
};

// The fields from kState on; empty if the file is missing or cut short. The command before them
// may contain spaces and parentheses, so what counts is the last parenthesis.
std::vector<double> ReadStatFields(const fs::path& file) {
  std::ifstream stream(file);
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  const std::size_t command_end = text.rfind(')');
  if (command_end == std::string::npos) {
    return {};
  }
  std::istringstream rest(text.substr(command_end + 1));
  std::string state;
  rest >> state;
  std::vector<double> fields = {0};
  fields.insert(fields.end(), std::istream_iterator<double>(rest), {});
  return fields.size() > kResidentPages - kState ? fields : std::vector<double>{};
}

// The number after `key` on the line that begins with it.
std::optional<double> ReadValue(const fs::path& file, std::string_view key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.compare(0, key.size(), key) == 0) {
      std::istringstream rest(line.substr(key.size()));
      double value = 0;
      return rest >> value ? std::optional(value) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<double> CountEntries(const fs::path& directory) {
  std::error_code error;
  double count = 0;
  for (fs::directory_iterator it(directory, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    ++count;
  }
  return error ? std::nullopt : std::optional(count);
}

}  // namespace

ProcessStats ReadProcessStats(const fs::path& proc) {
  ProcessStats stats;
  stats.open_fds = CountEntries(proc / "self/fd");
  stats.max_fds = ReadValue(proc / "self/limits", "Max open files ");
  const std::vector<double> fields = ReadStatFields(proc / "self/stat");
  if (fields.empty()) {
    return stats;
  }
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  stats.cpu_seconds =
      (fields[kUserTime - kState] + fields[kSystemTime - kState]) / ticks_per_second;
  stats.threads = fields[kThreads - kState];
  stats.virtual_memory_bytes = fields[kVirtualBytes - kState];
  stats.resident_memory_bytes =
      fields[kResidentPages - kState] * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (const std::optional<double> boot_time = ReadValue(proc / "stat", "btime ")) {
    stats.start_time_seconds = *boot_time + fields[kStartTime - kState] / ticks_per_second;
  }
  return stats;
}

}  // namespace pdtt
