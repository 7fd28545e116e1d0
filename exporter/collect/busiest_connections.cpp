// SPDX-License-Identifier: Apache-2.0
#include "collect/busiest_connections.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <unordered_map>

namespace pdtt {
namespace {

using Pointers = std::vector<const ConnectionReading*>;

// What the labels of a connection's series are made of.
auto Identity(const ConnectionReading& connection) {
  return std::tie(connection.uid, connection.protocol, connection.local_address,
                  connection.local_port, connection.remote_address, connection.remote_port,
                  connection.network);
}

struct HashIdentity {
  std::size_t operator()(const ConnectionReading* connection) const {
    std::uint64_t hash = connection->uid;
    hash = hash << 16U | connection->local_port;
    hash = hash << 16U | connection->remote_port;
    return std::hash<std::uint64_t>{}(hash * 0x9e3779b97f4a7c15U);  // ports alone cluster
  }
};

struct SameIdentity {
  bool operator()(const ConnectionReading* a, const ConnectionReading* b) const {
    return Identity(*a) == Identity(*b);
  }
};

struct Merged {
  ConnectionReading connection;
  bool open = false;
  bool filled = false;
};
using MergedByIdentity =
    std::unordered_map<const ConnectionReading*, Merged, HashIdentity, SameIdentity>;

bool Busier(const ConnectionReading& a, const ConnectionReading& b) {
  if (a.traffic.Bytes() != b.traffic.Bytes()) {
    return a.traffic.Bytes() > b.traffic.Bytes();
  }
  return Identity(a) < Identity(b);  // a stable choice among equals
}

// Twice as many as wanted, since some may turn out to be the same series.
MergedByIdentity Candidates(const Pointers& open, const Pointers& closed, std::size_t count) {
  Pointers all = open;
  all.insert(all.end(), closed.begin(), closed.end());
  const std::size_t kept = std::min(all.size(), 2 * count);
  std::nth_element(
      all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept), all.end(),
      [](const ConnectionReading* a, const ConnectionReading* b) { return Busier(*a, *b); });
  all.resize(kept);
  MergedByIdentity candidates;
  candidates.reserve(kept);
  for (const ConnectionReading* connection : all) {
    candidates.try_emplace(connection);
  }
  return candidates;
}

void AddOpen(const ConnectionReading& connection, Merged& into) {
  if (!into.filled) {
    into = {connection, true, true};
  } else {
    into.connection.traffic += connection.traffic;
    into.connection.start_ns = std::min(into.connection.start_ns, connection.start_ns);
  }
}

void AddClosed(const ConnectionReading& connection, Merged& into) {
  const bool later = !into.filled || connection.start_ns > into.connection.start_ns;
  if (!into.open && later) {
    into = {connection, false, true};
  }
}

}  // namespace

std::vector<ConnectionReading> BusiestConnections(const Pointers& open, const Pointers& closed,
                                                  std::size_t count) {
  MergedByIdentity candidates = Candidates(open, closed, count);
  const auto merge = [&](const Pointers& connections, auto add) {
    for (const ConnectionReading* connection : connections) {
      if (const auto found = candidates.find(connection); found != candidates.end()) {
        add(*connection, found->second);
      }
    }
  };
  merge(open, AddOpen);
  merge(closed, AddClosed);

  std::vector<ConnectionReading> busiest;
  busiest.reserve(candidates.size());
  for (const auto& [identity, merged] : candidates) {
    busiest.push_back(merged.connection);
  }
  std::sort(busiest.begin(), busiest.end(), Busier);
  busiest.resize(std::min(busiest.size(), count));
  return busiest;
}

}  // namespace pdtt
