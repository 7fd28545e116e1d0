// SPDX-License-Identifier: Apache-2.0
#include "large_snapshot.h"

#include <chrono>
#include <random>
#include <string>

namespace pdtt {
namespace {

constexpr std::uint32_t kFirstUid = 10'000;

std::chrono::system_clock::time_point At(std::int64_t unix_ms) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(unix_ms));
}

// Counters of all magnitudes, the same in every run.
class Counters {
 public:
  std::uint64_t Next() { return random_() >> (24 + random_() % 32); }
  Traffic NextTraffic() { return {Next(), Next(), Next() >> 8U, Next() >> 8U}; }

 private:
  std::mt19937_64 random_;  // NOLINT(cert-msc51-cpp): every run is to write the same page
};

IpAddress Ipv4(std::uint8_t first, std::size_t number) {
  return {0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0xFF,
          0xFF,
          first,
          static_cast<std::uint8_t>(number >> 16U),
          static_cast<std::uint8_t>(number >> 8U),
          static_cast<std::uint8_t>(number)};
}

}  // namespace

Snapshot LargeSnapshot(std::size_t users, std::size_t connections) {
  Counters counters;
  Snapshot snapshot;
  snapshot.time = At(1'700'000'000'250);
  snapshot.since = {At(1'699'000'000'001), At(1'699'000'000'001), At(1'699'000'000'001)};
  snapshot.networks = {"loopback", "private", "internet"};
  for (std::size_t user = 0; user < users; ++user) {
    const auto uid = static_cast<std::uint32_t>(kFirstUid + user);
    snapshot.users.push_back({uid, "user" + std::to_string(uid)});
    snapshot.user_activity.push_back({user, Protocol::kTcp, counters.Next() % 100, counters.Next(),
                                      counters.Next(), counters.Next(), counters.Next(),
                                      counters.Next()});
    for (std::size_t network = 0; network < snapshot.networks.size(); ++network) {
      snapshot.user_traffic.push_back({user, network, Protocol::kTcp, counters.NextTraffic()});
      snapshot.user_retransmits.push_back({user, network, counters.Next() >> 16U});
    }
  }
  for (std::size_t i = 0; i < connections; ++i) {
    Connection connection;
    connection.user = i % users;
    connection.network = i % snapshot.networks.size();
    connection.local_port = 22;
    connection.remote_port = static_cast<std::uint16_t>(32'768 + i % 28'000);
    connection.local_address = Ipv4(10, 1);
    connection.remote_address = Ipv4(192, i);
    connection.pid = static_cast<std::uint32_t>(1000 + i);
    connection.command = "sshd";
    connection.start = At(1'699'999'000'125);
    connection.traffic = counters.NextTraffic();
    snapshot.connections.push_back(connection);
  }
  return snapshot;
}

}  // namespace pdtt
