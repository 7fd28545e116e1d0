// SPDX-License-Identifier: Apache-2.0
#include "bpf/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace pdtt {
namespace {

// libbpf's callback has no argument for its user, so the collector of a thread is found here.
thread_local std::string* sink = nullptr;

// Longer than the verifier's last words, which are at the end of its log.
constexpr std::size_t kMaxText = 1 << 20;

__attribute__((format(printf, 2, 0))) int Collect(libbpf_print_level level, const char* format,
                                                  va_list arguments) {
  if (sink == nullptr || level > LIBBPF_WARN || sink->size() > kMaxText) {
    return 0;
  }
  char* line = nullptr;
  const int length = vasprintf(&line, format, arguments);
  if (length > 0) {
    sink->append(line, static_cast<std::size_t>(length));
  }
  if (length >= 0) {
    std::free(line);
  }
  return 0;
}

}  // namespace

LibbpfLog::LibbpfLog() : outer_(std::exchange(sink, &text_)) {
  libbpf_set_print(&Collect);
}

LibbpfLog::~LibbpfLog() {
  sink = outer_;
}

std::string LastWords(std::string_view libbpf_text) {
  std::istringstream lines{std::string{libbpf_text}};
  std::string line;
  std::string before_summary;
  std::string last;
  while (std::getline(lines, line)) {
    if (line.starts_with("processed ")) {
      before_summary = last;
    }
    if (!line.empty() && line.find("failed to load") == std::string::npos &&
        line.find("PROG LOAD LOG") == std::string::npos) {
      last = line;
    }
  }
  return before_summary.empty() ? last : before_summary;
}

}  // namespace pdtt
