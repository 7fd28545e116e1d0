// SPDX-License-Identifier: Apache-2.0
// Transfer records to systemd's journal, in its native protocol.
#pragma once

#include <span>
#include <string>

#include "bpf/unique_fd.h"
#include "report/record.h"

namespace pdtt {

/// Not with libsystemd: without a journal, its call does nothing and reports success.
class Journal {
 public:
  /// The socket's path is systemd's, except in tests.
  explicit Journal(std::string socket = "/run/systemd/journal/socket");

  /// An entry each, with MESSAGE and PDTT_RECORD_ID, PDTT_USER, PDTT_UID.
  [[nodiscard]] Written Write(std::span<const Record> records);

 private:
  void Send(const std::string& entry);

  std::string path_;
  UniqueFd socket_;
};

}  // namespace pdtt
