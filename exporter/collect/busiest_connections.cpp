// SPDX-License-Identifier: Apache-2.0
#include "collect/busiest_connections.h"

#include <algorithm>
#include <tuple>

namespace pdtt {
namespace {

// What the labels of a connection's series are made of.
auto Identity(const ConnectionReading& connection) {
  return std::tie(connection.uid, connection.protocol, connection.local_address,
                  connection.local_port, connection.remote_address, connection.remote_port,
                  connection.network);
}

bool SameSeries(const ConnectionReading& a, const ConnectionReading& b) {
  return Identity(a) == Identity(b);
}

bool Busier(const ConnectionReading& a, const ConnectionReading& b) {
  if (a.traffic.Bytes() != b.traffic.Bytes()) {
    return a.traffic.Bytes() > b.traffic.Bytes();
  }
  return Identity(a) < Identity(b);  // a stable choice among equals
}

void KeepBusiest(std::vector<ConnectionReading>& connections, std::size_t count) {
  if (connections.size() > count) {
    std::nth_element(connections.begin(), connections.begin() + static_cast<std::ptrdiff_t>(count),
                     connections.end(), Busier);
    connections.resize(count);
  }
}

// Sorts by labels, then merges neighbours.
void AddUpEqual(std::vector<ConnectionReading>& connections) {
  std::sort(connections.begin(), connections.end(),
            [](const ConnectionReading& a, const ConnectionReading& b) {
              return std::tuple_cat(Identity(a), std::tie(a.start_ns)) <
                     std::tuple_cat(Identity(b), std::tie(b.start_ns));
            });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    if (kept > 0 && SameSeries(connections[kept - 1], connections[i])) {
      connections[kept - 1].traffic += connections[i].traffic;
    } else {
      connections[kept++] = connections[i];
    }
  }
  connections.resize(kept);
}

}  // namespace

std::vector<ConnectionReading> BusiestConnections(std::vector<ConnectionReading> open,
                                                  const std::vector<ConnectionReading>& closed,
                                                  std::size_t count) {
  AddUpEqual(open);
  const auto less = [](const ConnectionReading& a, const ConnectionReading& b) {
    return Identity(a) < Identity(b);
  };
  std::vector<ConnectionReading> last_states = closed;
  std::stable_sort(last_states.begin(), last_states.end(),
                   [&](const ConnectionReading& a, const ConnectionReading& b) {
                     return std::tuple_cat(Identity(a), std::tie(b.start_ns)) <
                            std::tuple_cat(Identity(b), std::tie(a.start_ns));  // latest first
                   });
  last_states.erase(std::unique(last_states.begin(), last_states.end(), SameSeries),
                    last_states.end());
  std::erase_if(last_states, [&](const ConnectionReading& connection) {
    return std::binary_search(open.begin(), open.end(), connection, less);
  });
  open.insert(open.end(), last_states.begin(), last_states.end());
  KeepBusiest(open, count);
  std::sort(open.begin(), open.end(), Busier);
  return open;
}

}  // namespace pdtt
