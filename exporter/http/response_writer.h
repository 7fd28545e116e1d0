// SPDX-License-Identifier: Apache-2.0
// Writes one HTTP/1.x response: headers, framing, compression, and the deadline.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "http/gzip.h"
#include "http/server.h"
#include "model/web_security.h"

namespace pdtt {

/// What the response depends on in the request and the connection.
struct ResponseTerms {
  bool http_1_0 = false;
  bool head = false;
  bool accepts_gzip = false;
  bool keep_alive = false;
  std::chrono::steady_clock::time_point deadline;
  const HttpHeaders* headers = nullptr;  ///< take the place of any of the same name
};

/// Small bodies go out whole, with their length; larger ones are streamed in pieces of at most
/// 4 KiB, and the deadline is checked before each: a reader that is merely slow resets every other
/// timer with each byte it takes.
class ResponseWriter {
 public:
  using Clock = std::chrono::steady_clock;

  /// `transport` sends raw bytes to the client; false once it can't.
  ResponseWriter(Sink transport, const ResponseTerms& terms, int status,
                 std::string_view content_type);

  /// Adds a header line, unless the terms have their own; before the first Write.
  void AddHeader(std::string_view name, std::string_view value);

  /// Takes a piece of the body. False: the client is gone or too slow.
  bool Write(std::string_view piece);

  /// Completes the response. False if the client didn't get all of it.
  bool Finish();

  /// Nothing has been sent, so another response can still take this one's place.
  [[nodiscard]] bool Untouched() const { return !sent_; }
  [[nodiscard]] bool MissedDeadline() const { return missed_deadline_; }

 private:
  void AddGeneralHeaders(int status, std::string_view content_type);
  void AppendHeader(std::string_view name, std::string_view value);
  void StartStream();
  bool WriteStream(std::string_view piece);
  bool Buffer(std::string_view bytes);
  bool FlushPiece(bool last);
  bool FinishWhole();
  bool Send(std::string_view bytes);

  Sink transport_;
  ResponseTerms terms_;
  std::string unsent_;  // header lines, until they leave with the first piece of the body
  std::string piece_;
  std::unique_ptr<GzipStream> gzip_;
  bool streaming_ = false;
  bool sent_ = false;
  bool failed_ = false;
  bool missed_deadline_ = false;
};

}  // namespace pdtt
