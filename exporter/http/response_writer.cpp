// SPDX-License-Identifier: Apache-2.0
#include "http/response_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

namespace pdtt {
namespace {

constexpr std::size_t kPieceSize = 4096;
// What fits into one packet anyhow is not worth compressing.
constexpr std::size_t kMinCompressedSize = 1400;

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

}  // namespace

ResponseWriter::ResponseWriter(Sink transport, const ResponseTerms& terms, int status,
                               std::string_view content_type)
    : transport_(std::move(transport)), terms_(terms) {
  piece_.reserve(kPieceSize);
  AddGeneralHeaders(status, content_type);
}

void ResponseWriter::AddGeneralHeaders(int status, std::string_view content_type) {
  unsent_ = "HTTP/1.1 " + std::to_string(status) + " ";
  unsent_ += ReasonPhrase(status);
  unsent_ += "\r\n";
  if (terms_.headers != nullptr) {
    for (const auto& [name, value] : *terms_.headers) {
      AppendHeader(name, value);
    }
  }
  AddHeader("Date", HttpDate());
  AddHeader("Content-Type", content_type);
  AddHeader("Cache-Control", "no-store");
  AddHeader("X-Content-Type-Options", "nosniff");
  AddHeader("Vary", "Accept-Encoding");
  AddHeader("Connection", terms_.keep_alive ? "keep-alive" : "close");
}

void ResponseWriter::AddHeader(std::string_view name, std::string_view value) {
  const bool replaced =
      terms_.headers != nullptr &&
      std::any_of(terms_.headers->begin(), terms_.headers->end(),
                  [name](const auto& header) { return EqualsIgnoringCase(header.first, name); });
  if (!replaced) {
    AppendHeader(name, value);
  }
}

void ResponseWriter::AppendHeader(std::string_view name, std::string_view value) {
  unsent_.append(name).append(": ").append(value).append("\r\n");
}

bool ResponseWriter::Write(std::string_view piece) {
  if (failed_ || terms_.head) {
    return false;
  }
  if (!streaming_ && piece_.size() + piece.size() <= kPieceSize) {
    piece_ += piece;
    return true;
  }
  if (!streaming_) {
    StartStream();
    const std::string buffered = std::exchange(piece_, {});
    if (!WriteStream(buffered)) {
      return false;
    }
  }
  return WriteStream(piece);
}

bool ResponseWriter::Finish() {
  if (failed_) {
    return false;
  }
  if (terms_.head) {
    // No length or coding: they are known only once a body has been made (RFC 9110, 9.3.2).
    return Send(unsent_ + "\r\n");
  }
  if (!streaming_) {
    return FinishWhole();
  }
  return (!gzip_ || gzip_->Finish()) && FlushPiece(true);
}

void ResponseWriter::StartStream() {
  streaming_ = true;
  if (terms_.accepts_gzip) {
    AddHeader("Content-Encoding", "gzip");
    gzip_ = std::make_unique<GzipStream>([this](std::string_view bytes) { return Buffer(bytes); });
  }
  if (!terms_.http_1_0) {
    AddHeader("Transfer-Encoding", "chunked");
  }
  unsent_ += "\r\n";
}

bool ResponseWriter::WriteStream(std::string_view piece) {
  return gzip_ ? gzip_->Write(piece) : Buffer(piece);
}

bool ResponseWriter::Buffer(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t taken = std::min(kPieceSize - piece_.size(), bytes.size());
    piece_ += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    if (piece_.size() == kPieceSize && !FlushPiece(false)) {
      return false;
    }
  }
  return true;
}

bool ResponseWriter::FlushPiece(bool last) {
  if (terms_.http_1_0) {
    unsent_ += piece_;
  } else {
    if (!piece_.empty()) {
      std::array<char, 24> size{};
      std::snprintf(size.data(), size.size(), "%zx\r\n", piece_.size());
      unsent_.append(size.data()).append(piece_).append("\r\n");
    }
    if (last) {
      unsent_ += "0\r\n\r\n";
    }
  }
  piece_.clear();
  const bool sent = Send(unsent_);
  unsent_.clear();
  return sent;
}

bool ResponseWriter::FinishWhole() {
  if (terms_.accepts_gzip && piece_.size() >= kMinCompressedSize) {
    std::string compressed;
    GzipStream gzip([&compressed](std::string_view bytes) {
      compressed += bytes;
      return true;
    });
    gzip.Write(piece_);
    gzip.Finish();
    piece_ = std::move(compressed);
    AddHeader("Content-Encoding", "gzip");
  }
  AddHeader("Content-Length", std::to_string(piece_.size()));
  return Send(unsent_ + "\r\n" + piece_);
}

bool ResponseWriter::Send(std::string_view bytes) {
  if (!failed_ && Clock::now() >= terms_.deadline) {
    failed_ = missed_deadline_ = true;
  }
  if (failed_ || bytes.empty()) {
    return !failed_;
  }
  sent_ = true;
  failed_ = !transport_(bytes);
  return !failed_;
}

}  // namespace pdtt
