// SPDX-License-Identifier: Apache-2.0
// Text to single values, the same for the file and the flags: numbers, durations, uids, names.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"

namespace pdtt {

/// A value that can't be used; what() is "what is wrong; remedy". Whoever knows the place adds it.
class ValueError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Printable ASCII whatever the input, so that a hostile value can't forge a log line; long text
/// is cut.
[[nodiscard]] std::string Printable(std::string_view text);
[[nodiscard]] std::string Quoted(std::string_view text);

/// Decimal digits without sign or leading zero (elsewhere 010 means eight); nothing if it is not.
[[nodiscard]] std::optional<std::uint64_t> ToNumber(std::string_view text);

[[nodiscard]] std::uint64_t ParseNumber(std::string_view text, std::uint64_t lowest,
                                        std::uint64_t highest);
[[nodiscard]] bool ParseBool(std::string_view text);

/// A number and a unit: 500ms, 10s, 1m, 2h.
[[nodiscard]] std::chrono::milliseconds ParseDuration(std::string_view text,
                                                      std::chrono::milliseconds shortest,
                                                      std::chrono::milliseconds longest);

/// What report.interval and --interval take.
[[nodiscard]] std::chrono::milliseconds ParseReportInterval(std::string_view text);

/// One uid or FIRST-LAST.
[[nodiscard]] UidRange ParseUidRange(std::string_view text);

/// A user's name or decimal uid; whether the user exists is not asked here.
[[nodiscard]] std::string ParseUser(std::string_view text);

/// What the kernel accepts as an interface's name, less what no administrator can type.
[[nodiscard]] std::string ParseInterface(std::string_view text);

[[nodiscard]] std::filesystem::path ParseAbsolutePath(std::string_view text);

/// `auto` is no path: the root of the mounted cgroup2.
[[nodiscard]] std::optional<std::filesystem::path> ParseCgroup(std::string_view text);

/// Adds the value that `text` stands for to a list whose items all differ.
template <typename T>
void AddDistinct(std::vector<T>& values, T value, std::string_view text) {
  if (std::ranges::find(values, value) != values.end()) {
    throw ValueError(Quoted(text) + " is listed twice; remove one of them");
  }
  values.push_back(std::move(value));
}

inline constexpr std::size_t kMostInterfaces = 16;  ///< as many as the BPF programs keep apart
inline constexpr std::size_t kMostListenAddresses = 16;
inline constexpr std::size_t kMostRequests = 1000;    ///< at once; each takes a thread
inline constexpr std::size_t kMostLocalUsers = 1024;  ///< as many as client_map has room for

template <typename T>
struct Choice {
  std::string_view name;
  T value;
};

inline constexpr Choice<XdpMode> kXdpModes[] = {{"auto", XdpMode::kAuto},
                                                {"off", XdpMode::kOff},
                                                {"native", XdpMode::kNative},
                                                {"generic", XdpMode::kGeneric}};
inline constexpr Choice<SocketMode> kSocketModes[] = {{"auto", SocketMode::kAuto},
                                                      {"off", SocketMode::kOff},
                                                      {"tracepoint", SocketMode::kTracepoint},
                                                      {"fentry", SocketMode::kFentry},
                                                      {"kprobe", SocketMode::kKprobe}};
inline constexpr Choice<LogLevel> kLogLevels[] = {{"debug", LogLevel::kDebug},
                                                  {"info", LogLevel::kInfo},
                                                  {"warn", LogLevel::kWarn},
                                                  {"error", LogLevel::kError}};
inline constexpr Choice<LogFormat> kLogFormats[] = {{"logfmt", LogFormat::kLogfmt},
                                                    {"json", LogFormat::kJson}};

template <typename T>
[[nodiscard]] T ParseChoice(std::string_view text, std::span<const Choice<T>> choices) {
  std::string known;
  for (const Choice<T>& choice : choices) {
    if (choice.name == text) {
      return choice.value;
    }
    known.append(known.empty() ? "" : ", ").append(choice.name);
  }
  throw ValueError(Quoted(text) + " is not known here; use one of " + known);
}

}  // namespace pdtt
