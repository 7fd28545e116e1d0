// SPDX-License-Identifier: Apache-2.0
// What /proc says about the exporter's own process.
#pragma once

#include <filesystem>
#include <optional>

namespace pdtt {

/// A value is absent where its file is missing or does not read as expected.
struct ProcessStats {
  std::optional<double> cpu_seconds;
  std::optional<double> open_fds;
  std::optional<double> max_fds;
  std::optional<double> virtual_memory_bytes;
  std::optional<double> resident_memory_bytes;
  std::optional<double> start_time_seconds;
  std::optional<double> threads;
};

/// Reads self/stat, self/limits, self/fd and stat below `proc`.
[[nodiscard]] ProcessStats ReadProcessStats(const std::filesystem::path& proc);

}  // namespace pdtt
