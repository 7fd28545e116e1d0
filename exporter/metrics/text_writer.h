// SPDX-License-Identifier: Apache-2.0
// Writes families and samples in Prometheus text format 0.0.4; all that is particular to it is
// here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "metrics/names.h"
#include "metrics/text_sink.h"

namespace pdtt {

/// Collects text in one buffer and hands it to the sink in pieces of about 32 KiB. Once the sink
/// has said stop, every call does nothing. Not thread-safe.
class TextWriter {
 public:
  explicit TextWriter(const TextSink& sink);

  void BeginFamily(const FamilySpec& family);

  /// A sample of the family begun last. `labels` is the text of its first labels as AppendLabel
  /// makes it, `values` are the values of the labels that remain. Throws std::invalid_argument
  /// if the family has fewer labels than that.
  void AddSample(std::string_view labels, std::initializer_list<std::string_view> values,
                 std::uint64_t value);

  /// Hands over what is left. False if the sink stopped the writer.
  [[nodiscard]] bool Finish();

  [[nodiscard]] bool Stopped() const { return stopped_; }

 private:
  void AppendValues(bool first, std::initializer_list<std::string_view> values);
  void FlushIfFull();
  void Flush();

  const TextSink& sink_;
  const FamilySpec* family_ = nullptr;
  std::string buffer_;
  bool stopped_ = false;
};

}  // namespace pdtt
