// SPDX-License-Identifier: Apache-2.0
// What libbpf has to say, kept for the error message instead of printed.
#pragma once

#include <string>

namespace pdtt {

/// While it lives, libbpf's warnings of this thread are collected rather than printed.
/// One at a time per thread.
class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  [[nodiscard]] const std::string& Text() const { return text_; }

  /// The kernel verifier's reason, or libbpf's last line; empty if nothing was said.
  [[nodiscard]] std::string Reason() const;

 private:
  std::string text_;
};

}  // namespace pdtt
