// SPDX-License-Identifier: Apache-2.0
// The log: one line an event on stderr, logfmt or JSON, with the time in UTC.
#pragma once

#include <atomic>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"

namespace pdtt {

/// Thread-safe.
class Log {
 public:
  using Field = std::pair<std::string_view, std::string>;
  using Fields = std::initializer_list<Field>;
  using Writer = std::function<void(std::string_view)>;

  /// `write` gets whole lines, newline included.
  Log(LogLevel level, LogFormat format, Writer write);

  void SetLevel(LogLevel level) { level_ = level; }

  void Debug(std::string_view message, Fields fields = {}) {
    Line(LogLevel::kDebug, message, fields);
  }
  void Info(std::string_view message, Fields fields = {}) {
    Line(LogLevel::kInfo, message, fields);
  }
  void Warn(std::string_view message, Fields fields = {}) {
    Line(LogLevel::kWarn, message, fields);
  }
  void Error(std::string_view message, Fields fields = {}) {
    Line(LogLevel::kError, message, fields);
  }

 private:
  void Line(LogLevel level, std::string_view message, Fields fields);

  std::atomic<LogLevel> level_;
  LogFormat format_;
  Writer write_;
  std::mutex mutex_;
};

/// Writes to stderr in one system call, so that lines of several processes don't mix.
void WriteToStderr(std::string_view line);

}  // namespace pdtt
