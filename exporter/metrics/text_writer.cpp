// SPDX-License-Identifier: Apache-2.0
#include "metrics/text_writer.h"

#include <array>
#include <charconv>
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

void AppendNumber(std::string& out, std::uint64_t value) {
  std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), result.ptr);
}

}  // namespace

TextWriter::TextWriter(const TextSink& sink) : sink_(sink) {
  buffer_.reserve(kPieceBytes + kSlackBytes);
}

void TextWriter::BeginFamily(const FamilySpec& family) {
  family_ = &family;
  if (stopped_) {
    return;
  }
  for (const std::string_view part :
       {std::string_view("# HELP "), family.name, std::string_view(" "), family.help,
        std::string_view("\n# TYPE "), family.name, std::string_view(" "), TypeText(family.type),
        std::string_view("\n")}) {
    buffer_ += part;
  }
  FlushIfFull();
}

void TextWriter::AddSample(std::string_view labels, std::initializer_list<std::string_view> values,
                           std::uint64_t value) {
  if (family_ == nullptr || values.size() > family_->labels.size()) {
    throw std::invalid_argument("a sample has more labels than its family");
  }
  if (stopped_) {
    return;
  }
  buffer_ += family_->name;
  if (!labels.empty() || values.size() != 0) {
    buffer_ += '{';
    buffer_ += labels;
    AppendValues(labels.empty(), values);
    buffer_ += '}';
  }
  buffer_ += ' ';
  AppendNumber(buffer_, value);
  buffer_ += '\n';
  FlushIfFull();
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
