// SPDX-License-Identifier: Apache-2.0
// The ring buffer's bytes: decoded, and made into records and a snapshot.
#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "bpf/ring_records.h"
#include "collect/snapshot_builder.h"
#include "expect.h"
#include "report/record.h"

namespace pdtt::fuzz {
namespace {

constexpr std::size_t kRing = 4096;
constexpr std::size_t kAlignment = 8;
constexpr std::array<const char*, 2> kNetworks = {"internet", "internal"};

void CheckRecord(const ConnectionReading& connection) {
  const Record record = ToRecord({connection, "internet"}, "alice", {});
  Expect(record.line.find('\n') == record.line.size() - 1, "a record is one line");
  const auto json = nlohmann::json::parse(record.line, nullptr, /*allow_exceptions=*/false);
  Expect(json.is_object() && json["id"] == record.id, "a record is JSON");
}

void CheckSnapshot(EventsReading events) {
  Reading reading;
  reading.sockets = events.closed;
  const SnapshotRules rules{.networks = {kNetworks.begin(), kNetworks.end()},
                            .connections_export = 5};
  const UserNaming users{.owner_of = [](std::uint32_t uid) { return uid; },
                         .name_of = [](std::uint32_t uid) { return std::to_string(uid); },
                         .settle = [] {}};
  ExcludedTraffic excluded;
  const BuiltSnapshot built =
      BuildSnapshot(std::move(reading), std::move(events.closed), rules, users, excluded);
  for (const Connection& connection : built.snapshot.connections) {
    Expect(connection.user < built.snapshot.users.size(), "a connection has a user");
    Expect(connection.network < built.snapshot.networks.size(), "a connection has a network");
  }
}

}  // namespace
}  // namespace pdtt::fuzz

/// The first byte says how many of the bytes are cut off.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pdtt::fuzz::kAlignment;
  using pdtt::fuzz::kRing;
  if (size == 0) {
    return 0;
  }
  alignas(kAlignment) std::array<std::byte, kRing> ring{};
  const std::uint64_t begin = data[0] * kAlignment;
  const std::size_t length = std::min(size - 1, kRing);
  std::memcpy(ring.data(), data + 1, length);
  const std::span records = std::span{ring}.first(length - std::min<std::size_t>(length, data[0]));
  pdtt::EventsReading events = pdtt::ReadRecords(records, begin);
  pdtt::fuzz::Expect(events.position >= begin, "the position does not fall");
  for (pdtt::ConnectionReading& connection : events.closed) {
    connection.network %= pdtt::fuzz::kNetworks.size();  // from the table that the exporter wrote
    pdtt::fuzz::CheckRecord(connection);
  }
  pdtt::fuzz::CheckSnapshot(std::move(events));
  return 0;
}
