// SPDX-License-Identifier: Apache-2.0
// The transfer record of one finished connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/reading.h"

namespace pdtt {

struct FinishedConnection {
  ConnectionReading connection;
  std::string network;  ///< name of the class of the remote address
};

struct Record {
  std::string id;
  std::uint32_t uid = 0;
  std::string user;
  std::string line;  ///< one JSON object, with its line end
};

/// What the line of every record begins with; the id follows, up to the next quote.
inline constexpr std::string_view kRecordStart = R"({"id":")";

/// `boot` is when CLOCK_BOOTTIME was zero.
[[nodiscard]] Record ToRecord(const FinishedConnection& finished, const std::string& user,
                              std::chrono::system_clock::time_point boot);

/// How many of the records it was given first are safely written, and why not all.
struct Written {
  std::size_t records = 0;
  std::string error;
};

}  // namespace pdtt
