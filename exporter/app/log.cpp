// SPDX-License-Identifier: Apache-2.0
#include "app/log.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace pdtt {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};

// RFC 3339 with milliseconds.
std::string Timestamp() {
  using std::chrono::duration_cast;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = duration_cast<std::chrono::seconds>(now);
  const auto milliseconds = duration_cast<std::chrono::milliseconds>(now - seconds).count();
  const std::time_t time = seconds.count();
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(milliseconds));
  return std::string{text.data(), size} + fraction.data();
}

// Escapes that JSON and logfmt's quoted values share.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned>(c));
      quoted += code.data();
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string LogfmtValue(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos &&
                     text.find_first_of("\n\r\t") == std::string_view::npos;
  return plain ? std::string{text} : Quoted(text);
}

}  // namespace

Log::Log(LogLevel level, LogFormat format, Writer write)
    : level_(level), format_(format), write_(std::move(write)) {}

void Log::Line(LogLevel level, std::string_view message, Fields fields) {
  if (level < level_) {
    return;
  }
  const bool json = format_ == LogFormat::kJson;
  std::string line = json ? "{" : "";
  const auto append = [&](std::string_view key, std::string_view value) {
    if (line.size() > 1) {
      line += json ? ',' : ' ';
    }
    if (json) {
      line += Quoted(key) + ':' + Quoted(value);
    } else {
      line.append(key).append("=").append(LogfmtValue(value));
    }
  };
  append("time", Timestamp());
  append("level", kLevels.at(static_cast<std::size_t>(level)));
  append("msg", message);
  for (const auto& [key, value] : fields) {
    append(key, value);
  }
  line += json ? "}\n" : "\n";
  const std::scoped_lock lock{mutex_};
  write_(line);
}

void WriteToStderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
    if (written <= 0) {
      return;  // nowhere left to complain
    }
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace pdtt
