// SPDX-License-Identifier: Apache-2.0
// Writes families and samples in one of the two formats that Prometheus reads; all that is
// particular to either is here.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "metrics/names.h"
#include "metrics/text_sink.h"

namespace pdtt {

/// Prometheus text format 0.0.4, or OpenMetrics 1.0. The samples are the same, but for those that
/// say when a counter began, which OpenMetrics alone has.
enum class PageFormat : std::uint8_t { kText, kOpenMetrics };

/// Collects text in one buffer and hands it to the sink in pieces of about 32 KiB. Once the sink
/// has said stop, every call does nothing. Not thread-safe.
class TextWriter {
 public:
  using Time = std::chrono::system_clock::time_point;

  explicit TextWriter(const TextSink& sink, PageFormat format = PageFormat::kText);

  void BeginFamily(const FamilySpec& family);

  /// When the counters that follow began to count; zero: that is not known.
  void SetCreated(Time created);

  /// A sample of the family begun last. `labels` is the text of its first labels as AppendLabel
  /// makes it, `values` are the values of the labels that remain. Throws std::invalid_argument
  /// if the family has fewer labels than that.
  void AddSample(std::string_view labels, std::initializer_list<std::string_view> values,
                 std::uint64_t value);

  /// The same with all labels as text.
  void AddSample(std::string_view labels, double value);

  /// Ends the page and hands over what is left. False if the sink stopped the writer.
  [[nodiscard]] bool Finish();

  [[nodiscard]] bool Stopped() const { return stopped_; }

 private:
  template <typename Value>
  void AddLines(std::string_view labels, std::initializer_list<std::string_view> values,
                Value value);
  void AppendLabels(std::string_view labels, std::initializer_list<std::string_view> values);
  void AppendValues(bool first, std::initializer_list<std::string_view> values);
  void FlushIfFull();
  void Flush();

  const TextSink& sink_;
  PageFormat format_;
  const FamilySpec* family_ = nullptr;
  std::string_view base_name_;  ///< of the family in this format
  std::string created_;         ///< as text; empty: not known, or not of this format
  std::string buffer_;
  bool stopped_ = false;
};

}  // namespace pdtt
