// SPDX-License-Identifier: Apache-2.0
#include "report/record.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "metrics/label_text.h"

namespace pdtt {
namespace {

using std::chrono::duration_cast;

// RFC 3339 in UTC.
std::string Timestamp(std::chrono::system_clock::time_point time) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto rest = duration_cast<std::chrono::microseconds>(since_epoch - seconds);
  const std::time_t whole = seconds.count();
  std::tm utc{};
  gmtime_r(&whole, &utc);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(rest.count()));
  return std::string{text.data(), size} + fraction.data();
}

std::string_view CloseReasonText(CloseReason reason) {
  switch (reason) {
    case CloseReason::kClosed:
      return "closed";
    case CloseReason::kByUs:
      return "local";
    case CloseReason::kByPeer:
      return "peer";
    case CloseReason::kReset:
      return "reset";
    case CloseReason::kTimeout:
      return "timeout";
    case CloseReason::kAborted:
      return "aborted";
    case CloseReason::kIdle:
      return "idle";
  }
  throw std::invalid_argument("unknown CloseReason");
}

// A socket can talk to the same peer twice, so its start alone does not tell two records apart.
std::string Id(const ConnectionReading& connection) {
  std::array<char, 40> times{};
  std::snprintf(times.data(), times.size(), "%llx-%llx",
                static_cast<unsigned long long>(connection.start_ns),
                static_cast<unsigned long long>(connection.end_ns));
  return std::string{times.data()}
      .append("-" + std::string{LabelValue(connection.protocol)})
      .append("-" + AddressText(connection.local_address))
      .append("-" + std::to_string(connection.local_port))
      .append("-" + AddressText(connection.remote_address))
      .append("-" + std::to_string(connection.remote_port));
}

/// A JSON object with one key after the other. A tree of values, as the JSON library would build
/// it, takes ten times as long, and thousands of connections may end in a second.
class Line {
 public:
  /// `word` is made of letters, digits, dots, colons and the like.
  void AddWord(std::string_view key, std::string_view word) {
    Add(key, std::string{"\""}.append(word).append("\""));
  }
  /// Names may hold any bytes: what is not UTF-8 becomes U+FFFD.
  void AddText(std::string_view key, const std::string& text) {
    Add(key, nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  void AddNumber(std::string_view key, std::uint64_t number) { Add(key, std::to_string(number)); }

  [[nodiscard]] std::string Finish() { return std::move(text_) + "}\n"; }

 private:
  void Add(std::string_view key, std::string_view value) {
    text_ += text_.empty() ? "{\"" : ",\"";
    text_.append(key).append("\":").append(value);
  }

  std::string text_;
};

}  // namespace

Record ToRecord(const FinishedConnection& finished, const std::string& user,
                std::chrono::system_clock::time_point boot) {
  const ConnectionReading& connection = finished.connection;
  const auto at = [&](std::uint64_t boot_ns) {
    return Timestamp(boot + std::chrono::nanoseconds{boot_ns});
  };
  const char* const command = connection.command.data();
  Record record{Id(connection), connection.uid, user, {}};
  Line line;
  line.AddWord("id", record.id);  // first: RecordFile looks for it there
  line.AddWord("start", at(connection.start_ns));
  line.AddWord("end", at(connection.end_ns));
  line.AddText("user", user);
  line.AddNumber("uid", connection.uid);
  line.AddNumber("pid", connection.pid);
  line.AddText("command", std::string{command, strnlen(command, connection.command.size())});
  line.AddWord("direction", LabelValue(connection.direction));
  line.AddWord("protocol", LabelValue(connection.protocol));
  line.AddWord("local_address", AddressText(connection.local_address));
  line.AddNumber("local_port", connection.local_port);
  line.AddWord("remote_address", AddressText(connection.remote_address));
  line.AddNumber("remote_port", connection.remote_port);
  line.AddText("network", finished.network);
  line.AddNumber("receive_bytes", connection.traffic.receive_bytes);
  line.AddNumber("transmit_bytes", connection.traffic.transmit_bytes);
  line.AddNumber("receive_packets", connection.traffic.receive_packets);
  line.AddNumber("transmit_packets", connection.traffic.transmit_packets);
  line.AddNumber("retransmitted_segments", connection.retransmits);
  line.AddWord("close_reason", CloseReasonText(connection.reason));
  record.line = line.Finish();
  return record;
}

}  // namespace pdtt
