// SPDX-License-Identifier: Apache-2.0
#include "report/user_report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <map>
#include <utility>

#include "metrics/label_text.h"
#include "model/connection_key.h"
#include "report/one_line.h"

namespace pdtt {
namespace {

std::map<std::uint32_t, Traffic> TotalsByUid(const Snapshot& snapshot) {
  std::map<std::uint32_t, Traffic> totals;
  for (const UserTraffic& row : snapshot.user_traffic) {
    totals[snapshot.users.at(row.user).uid] += row.traffic;
  }
  return totals;
}

std::string LocalTime(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local)};
}

std::string Endpoint(const IpAddress& address, std::uint16_t port) {
  std::string text = AddressText(address);
  if (text.find(':') != std::string::npos) {
    text = '[' + text + ']';
  }
  return text + ':' + std::to_string(port);
}

/// A connection that moved `bytes` since the last report.
struct Moved {
  const Connection* connection = nullptr;
  std::uint64_t bytes = 0;
};

class Reporter {
 public:
  Reporter(const Snapshot& current, const Snapshot* previous)
      : current_(current), time_(LocalTime(current.time)) {
    if (previous != nullptr) {
      totals_before_ = TotalsByUid(*previous);
      for (const Connection& connection : previous->connections) {
        before_[KeyOfConnection(connection, *previous)] = connection.traffic;
      }
    }
    for (const Connection& connection : current.connections) {
      AddIfMoved(connection);
    }
  }

  std::vector<UserReport> Make() const {
    const auto totals = TotalsByUid(current_);
    std::vector<UserReport> reports;
    for (std::size_t user = 0; user < current_.users.size(); ++user) {
      const std::uint32_t uid = current_.users[user].uid;
      const auto total = totals.find(uid);
      const auto before = totals_before_.find(uid);
      const Traffic known = before == totals_before_.end() ? Traffic{} : before->second;
      if (total != totals.end() && total->second != known) {
        reports.push_back({user, Text(user, total->second)});
      }
    }
    return reports;
  }

 private:
  void AddIfMoved(const Connection& connection) {
    const auto found = before_.find(KeyOfConnection(connection, current_));
    const Traffic known = found == before_.end() ? Traffic{} : found->second;
    if (connection.traffic == known) {
      return;
    }
    // Less than before: another connection on the same ports.
    const std::uint64_t bytes = connection.traffic.Bytes();
    const bool same = bytes >= known.Bytes();
    moved_[connection.user].push_back({&connection, same ? bytes - known.Bytes() : bytes});
  }

  std::string Text(std::size_t user, const Traffic& total) const {
    const auto found = moved_.find(user);
    const std::vector<Moved> none;
    const std::vector<Moved>& moved = found == moved_.end() ? none : found->second;
    const auto busiest =
        std::max_element(moved.begin(), moved.end(),
                         [](const Moved& a, const Moved& b) { return a.bytes < b.bytes; });
    std::string text = busiest == moved.end()
                           ? Head("Network Statistics Report", user, "unknown", 0)
                           : Head("Network Statistics Report", user, busiest->connection->command,
                                  busiest->connection->pid);
    text += "  Total: " + std::to_string(total.Bytes()) + " bytes\n";
    text += kBlockEnd;
    for (const Moved& one : moved) {
      text += ConnectionBlock(*one.connection);
    }
    return text;
  }

  std::string ConnectionBlock(const Connection& connection) const {
    const auto amount = [](std::uint64_t bytes, std::uint64_t packets) {
      return std::to_string(bytes) + " bytes (" + std::to_string(packets) + " packets)\n";
    };
    const Traffic& traffic = connection.traffic;
    std::string text =
        Head("Per-Connection Statistics", connection.user, connection.command, connection.pid);
    text += "  Source: " + Endpoint(connection.local_address, connection.local_port) + '\n';
    text += "  Destination: " + Endpoint(connection.remote_address, connection.remote_port) + '\n';
    text += "  TX: " + amount(traffic.transmit_bytes, traffic.transmit_packets);
    text += "  RX: " + amount(traffic.receive_bytes, traffic.receive_packets);
    text += "  Total: " + std::to_string(traffic.Bytes()) + " bytes\n";
    return text.append(kBlockEnd);
  }

  std::string Head(std::string_view title, std::size_t user, std::string_view command,
                   std::uint32_t pid) const {
    const User& who = current_.users.at(user);
    std::string text = "=== ";
    text.append(title).append(" [" + time_ + "] ===\n");
    text += "UID: " + std::to_string(who.uid) + " | Username: " + OneLine(who.name) + '\n';
    text += "Process: " + OneLine(command) + " (PID: " + std::to_string(pid) + ")\n";
    return text;
  }

  const Snapshot& current_;
  std::string time_;
  std::map<std::uint32_t, Traffic> totals_before_;
  std::map<ConnectionKey, Traffic> before_;
  std::map<std::size_t, std::vector<Moved>> moved_;  ///< by user
};

}  // namespace

std::vector<UserReport> UserReports(const Snapshot& current, const Snapshot* previous) {
  return Reporter{current, previous}.Make();
}

}  // namespace pdtt
