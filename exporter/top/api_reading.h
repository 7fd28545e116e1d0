// SPDX-License-Identifier: Apache-2.0
// What a running exporter's API says, as plain values. The texts in it are untrusted.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pdtt::top {

/// An answer that is not this API's; what() says where and why.
class BadAnswer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Moved {
  std::uint64_t receive_bytes = 0;
  std::uint64_t transmit_bytes = 0;
  double receive_bytes_per_second = 0;
  double transmit_bytes_per_second = 0;

  [[nodiscard]] double Rate() const { return receive_bytes_per_second + transmit_bytes_per_second; }
};

struct LayerHealth {
  std::string layer;
  bool up = false;
  std::string mode;
  std::string reason;
};

struct TableFill {
  std::string table;
  std::optional<std::uint64_t> entries;
  std::optional<std::uint64_t> capacity;
  std::uint64_t insert_failures = 0;
};

struct Status {
  std::string version;
  std::string hostname;
  double time = 0;  ///< of the snapshot, Unix seconds
  std::vector<LayerHealth> layers;
  std::vector<TableFill> tables;
  Moved totals;
  std::uint64_t unattributed_bytes = 0;
};

struct UserRow {
  std::uint32_t uid = 0;
  std::string user;
  Moved moved;
  double share = 0;  ///< 0..1
  std::uint64_t connections = 0;
  std::vector<double> history;  ///< both directions' bytes/s, oldest first
};

struct ConnectionRow {
  std::string user;
  std::string command;
  std::uint64_t pid = 0;
  std::string protocol;
  std::string direction;
  std::string local;   ///< ADDRESS:PORT
  std::string remote;  ///< the same; empty if the exporter hides it
  std::string network;
  Moved moved;
};

struct Connections {
  std::uint64_t tracked = 0;
  bool hidden = false;
  std::vector<ConnectionRow> rows;
};

struct Reading {
  Status status;
  double window_seconds = 0;  ///< what rates are averaged over; 0: there are none yet
  std::vector<UserRow> users;
  Connections connections;
};

/// The bodies of the API's three resources.
struct Bodies {
  std::string status;
  std::string users;
  std::string connections;
};

inline constexpr std::string_view kStatusPath = "/api/v1/status";
inline constexpr std::string_view kUsersPath = "/api/v1/users";
inline constexpr std::string_view kConnectionsPath = "/api/v1/connections";

/// Members that this version does not know are passed over. Throws BadAnswer.
[[nodiscard]] Reading ParseReading(const Bodies& bodies);

/// The three as one JSON object of printable ASCII. Throws BadAnswer.
[[nodiscard]] std::string CombinedJson(const Bodies& bodies);

/// The text of an answer {"error": "..."}; empty if it is none.
[[nodiscard]] std::string ErrorText(std::string_view body);

}  // namespace pdtt::top
