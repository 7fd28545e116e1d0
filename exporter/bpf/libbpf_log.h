// SPDX-License-Identifier: Apache-2.0
// What libbpf has to say, kept for the error message instead of printed.
#pragma once

#include <string>
#include <string_view>

namespace pdtt {

/// The kernel verifier's reason in what libbpf said, or the last line of it; empty if there is
/// none.
[[nodiscard]] std::string LastWords(std::string_view libbpf_text);

/// While it lives, libbpf's warnings of this thread are collected rather than printed. The latest
/// one of a thread gets them.
class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  [[nodiscard]] const std::string& Text() const { return text_; }

  [[nodiscard]] std::string Reason() const { return LastWords(text_); }

 private:
  std::string text_;
  std::string* outer_;
};

}  // namespace pdtt
