// SPDX-License-Identifier: Apache-2.0
// Connections that ended, made up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "report/record.h"

namespace pdtt::test {

inline IpAddress V4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}

/// A TCP connection of user 1000 from this local port.
inline FinishedConnection Finished(std::uint16_t local_port, std::uint64_t receive_bytes = 100) {
  FinishedConnection finished;
  finished.network = "internet";
  ConnectionReading& connection = finished.connection;
  connection.uid = 1000;
  connection.pid = 12345;
  connection.local_port = local_port;
  connection.remote_port = 443;
  connection.local_address = V4(192, 168, 1, 100);
  connection.remote_address = V4(93, 184, 216, 34);
  connection.start_ns = 1'000'000'000;
  connection.end_ns = 2'500'000'000;
  connection.reason = CloseReason::kByPeer;
  connection.traffic = {receive_bytes, 50, 3, 2};
  const std::string_view command = "curl";
  std::copy(command.begin(), command.end(), connection.command.begin());
  return finished;
}

inline std::vector<Record> Records(std::initializer_list<std::uint16_t> ports) {
  std::vector<Record> records;
  for (const std::uint16_t port : ports) {
    records.push_back(ToRecord(Finished(port), "alice", {}));
  }
  return records;
}

}  // namespace pdtt::test
