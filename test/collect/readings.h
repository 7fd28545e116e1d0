// SPDX-License-Identifier: Apache-2.0
// Small readings for tests.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/reading.h"

namespace pdtt::test {

inline AccountReading Account(std::uint32_t uid, std::uint32_t network, Protocol protocol,
                              const Traffic& traffic) {
  AccountReading account;
  account.uid = uid;
  account.network = network;
  account.protocol = protocol;
  account.traffic = traffic;
  return account;
}

/// A TCP connection of `uid` from 10.0.0.1:`local_port` to 10.0.0.2:443 that received `bytes`.
inline ConnectionReading TcpConnection(std::uint32_t uid, std::uint16_t local_port,
                                       std::uint64_t bytes, std::uint64_t start_ns = 1) {
  ConnectionReading connection;
  connection.uid = uid;
  connection.local_port = local_port;
  connection.remote_port = 443;
  connection.local_address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
  connection.remote_address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2};
  connection.start_ns = start_ns;
  connection.traffic.receive_bytes = bytes;
  return connection;
}

}  // namespace pdtt::test
