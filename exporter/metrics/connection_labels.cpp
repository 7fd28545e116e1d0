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

LabelTexts ConnectionLabels(const Snapshot& snapshot, const LabelTexts& user_labels) {
  LabelTexts texts(snapshot.connections.size(), kTypicalBytes);
  for (const Connection& connection : snapshot.connections) {
    texts.Add([&](std::string& text) {
      text += user_labels[connection.user];
      AppendIdentity(text, snapshot, connection);
    });
  }
  return texts;
}

}  // namespace pdtt
