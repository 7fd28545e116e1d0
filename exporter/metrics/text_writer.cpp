// SPDX-License-Identifier: Apache-2.0
#include "metrics/text_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>

#include "metrics/label_text.h"

namespace pdtt {
namespace {

constexpr std::size_t kPieceBytes = 32UL * 1024;
constexpr std::size_t kSlackBytes = 4UL * 1024;  // the line that crosses the limit

std::string_view TypeText(MetricType type) {
  return type == MetricType::kCounter ? "counter" : "gauge";
}

constexpr std::string_view kTotal = "_total";
constexpr std::string_view kCreated = "_created";

std::string_view WithoutTotal(std::string_view name) {
  return name.ends_with(kTotal) ? name.substr(0, name.size() - kTotal.size()) : name;
}

void AppendNumber(std::string& out, std::uint64_t value) {
  std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), result.ptr);
}

// As few digits as tell it from its neighbours; whole numbers without an exponent.
void AppendNumber(std::string& out, double value) {
  constexpr double kExact = 9'007'199'254'740'992;  // 2^53
  if (value >= 0 && value <= kExact && std::trunc(value) == value) {
    AppendNumber(out, static_cast<std::uint64_t>(value));
    return;
  }
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    return;
  }
  std::array<char, 32> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), result.ptr);
}

// Unix seconds, to the millisecond.
void AppendTime(std::string& out, TextWriter::Time time) {
  const auto since = time.time_since_epoch();
  const auto ms =
      static_cast<std::uint64_t>(std::chrono::round<std::chrono::milliseconds>(since).count());
  AppendNumber(out, ms / 1000);
  const std::string decimals = std::to_string(1000 + ms % 1000);
  out.append(".").append(decimals, 1, 3);
}

}  // namespace

TextWriter::TextWriter(const TextSink& sink, PageFormat format) : sink_(sink), format_(format) {
  buffer_.reserve(kPieceBytes + kSlackBytes);
}

void TextWriter::BeginFamily(const FamilySpec& family) {
  family_ = &family;
  base_name_ = format_ == PageFormat::kOpenMetrics && family.type == MetricType::kCounter
                   ? WithoutTotal(family.name)
                   : family.name;
  if (stopped_) {
    return;
  }
  for (const std::string_view part :
       {std::string_view("# HELP "), base_name_, std::string_view(" "), family.help,
        std::string_view("\n# TYPE "), base_name_, std::string_view(" "), TypeText(family.type),
        std::string_view("\n")}) {
    buffer_ += part;
  }
  FlushIfFull();
}

// The text is made here: most counters of a page began at the same time.
void TextWriter::SetCreated(Time created) {
  created_.clear();
  if (format_ == PageFormat::kOpenMetrics && created != Time{}) {
    AppendTime(created_, created);
  }
}

void TextWriter::AddSample(std::string_view labels, std::initializer_list<std::string_view> values,
                           std::uint64_t value) {
  AddLines(labels, values, value);
}

void TextWriter::AddSample(std::string_view labels, double value) {
  AddLines(labels, {}, value);
}

template <typename Value>
void TextWriter::AddLines(std::string_view labels, std::initializer_list<std::string_view> values,
                          Value value) {
  if (family_ == nullptr || values.size() > family_->labels.size()) {
    throw std::invalid_argument("a sample has more labels than its family");
  }
  if (stopped_) {
    return;
  }
  const bool open_metrics_counter =
      format_ == PageFormat::kOpenMetrics && family_->type == MetricType::kCounter;
  buffer_.append(base_name_).append(open_metrics_counter ? kTotal : "");
  const std::size_t begin = buffer_.size();
  AppendLabels(labels, values);
  const std::size_t end = buffer_.size();
  AppendNumber(buffer_, value);
  buffer_ += '\n';
  if (open_metrics_counter && !created_.empty()) {
    buffer_.append(base_name_).append(kCreated).append(buffer_, begin, end - begin);
    buffer_.append(created_) += '\n';
  }
  FlushIfFull();
}

void TextWriter::AppendLabels(std::string_view labels,
                              std::initializer_list<std::string_view> values) {
  if (!labels.empty() || values.size() != 0) {
    buffer_ += '{';
    buffer_ += labels;
    AppendValues(labels.empty(), values);
    buffer_ += '}';
  }
  buffer_ += ' ';
}

void TextWriter::AppendValues(bool first, std::initializer_list<std::string_view> values) {
  const LabelNames names = family_->labels.last(values.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!first || i > 0) {
      buffer_ += ',';
    }
    AppendLabel(buffer_, names[i], values.begin()[i]);
  }
}

bool TextWriter::Finish() {
  if (!stopped_ && format_ == PageFormat::kOpenMetrics) {
    buffer_ += "# EOF\n";
  }
  if (!stopped_ && !buffer_.empty()) {
    Flush();
  }
  return !stopped_;
}

void TextWriter::FlushIfFull() {
  if (buffer_.size() >= kPieceBytes) {
    Flush();
  }
}

void TextWriter::Flush() {
  stopped_ = !sink_(buffer_);
  buffer_.clear();
}

}  // namespace pdtt
