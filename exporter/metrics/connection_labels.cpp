// SPDX-License-Identifier: Apache-2.0
#include "metrics/connection_labels.h"

#include <array>

#include "metrics/label_text.h"
#include "metrics/names.h"

namespace pdtt {
namespace {

constexpr std::size_t kTypicalBytes = 224;

void AppendIdentity(std::string& out, const Snapshot& snapshot, const Connection& connection) {
  const auto values = std::to_array<std::string>(
      {std::string(LabelValue(connection.protocol)), AddressText(connection.local_address),
       std::to_string(connection.local_port), RemoteAddressText(snapshot, connection),
       std::to_string(connection.remote_port), snapshot.networks.at(connection.network)});
  constexpr LabelNames kNames = LabelNames(labels::kConnection).last<values.size()>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    out += ',';
    AppendLabel(out, kNames[i], values[i]);
  }
}

}  // namespace

ConnectionLabels::ConnectionLabels(const Snapshot& snapshot,
                                   const std::vector<std::string>& user_labels) {
  text_.reserve(snapshot.connections.size() * kTypicalBytes);
  begins_.reserve(snapshot.connections.size() + 1);
  begins_.push_back(0);
  for (const Connection& connection : snapshot.connections) {
    text_ += user_labels.at(connection.user);
    AppendIdentity(text_, snapshot, connection);
    begins_.push_back(text_.size());
  }
}

std::string_view ConnectionLabels::operator[](std::size_t index) const {
  const std::size_t begin = begins_.at(index);
  return std::string_view(text_).substr(begin, begins_.at(index + 1) - begin);
}

}  // namespace pdtt
