// SPDX-License-Identifier: Apache-2.0
// A gzip stream in constant memory. ISA-L ends here.
#pragma once

#include <memory>
#include <string_view>

#include "http/server.h"

namespace pdtt {

/// Compresses what is written and hands it on in pieces of at most 4 KiB.
class GzipStream {
 public:
  explicit GzipStream(Sink output);
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;
  GzipStream(GzipStream&&) = delete;
  GzipStream& operator=(GzipStream&&) = delete;

  /// Both are false once the output refused a piece.
  bool Write(std::string_view bytes);
  bool Finish();

 private:
  struct State;

  bool Run();

  Sink output_;
  std::unique_ptr<State> state_;  // some 430 KiB: too much for a worker's stack
};

}  // namespace pdtt
