// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "metrics/connection_labels.h"
#include "metrics/label_text.h"
#include "metrics/label_texts.h"
#include "metrics/names.h"
#include "metrics/text_writer.h"

namespace pdtt {
namespace {

constexpr std::size_t kTypicalBytes = 80;

// uid and user come first in every family that has them, in this order.
LabelTexts UserLabels(const Snapshot& snapshot) {
  LabelTexts texts(snapshot.users.size(), kTypicalBytes);
  for (const User& user : snapshot.users) {
    texts.Add([&](std::string& text) {
      AppendLabel(text, labels::kUserProtocol[0], std::to_string(user.uid));
      text += ',';
      AppendLabel(text, labels::kUserProtocol[1], user.name);
    });
  }
  return texts;
}

LabelTexts TrafficLabels(const Snapshot& snapshot, const LabelTexts& user_labels) {
  LabelTexts texts(snapshot.user_traffic.size(), kTypicalBytes);
  for (const UserTraffic& row : snapshot.user_traffic) {
    texts.Add([&](std::string& text) {
      text.append(user_labels[row.user]) += ',';
      AppendLabel(text, labels::kUserNetworkProtocol[2], snapshot.networks.at(row.network));
      text += ',';
      AppendLabel(text, labels::kUserNetworkProtocol[3], LabelValue(row.protocol));
    });
  }
  return texts;
}

LabelTexts ActivityLabels(const Snapshot& snapshot, const LabelTexts& user_labels) {
  LabelTexts texts(snapshot.user_activity.size(), kTypicalBytes);
  for (const UserActivity& row : snapshot.user_activity) {
    texts.Add([&](std::string& text) {
      text.append(user_labels[row.user]) += ',';
      AppendLabel(text, labels::kUserProtocol[2], LabelValue(row.protocol));
    });
  }
  return texts;
}

// The families of one snapshot. Every method writes whole families, so that the samples of each
// stand together as the format asks.
class TrafficPage {
 public:
  TrafficPage(const Snapshot& snapshot, TextWriter& writer)
      : snapshot_(snapshot),
        writer_(writer),
        user_labels_(UserLabels(snapshot)),
        traffic_labels_(TrafficLabels(snapshot, user_labels_)),
        activity_labels_(ActivityLabels(snapshot, user_labels_)) {}

  void Write() {
    writer_.SetCreated(snapshot_.since.accounts);
    WriteUserTraffic(FamilyNamed("pdtt_user_receive_bytes_total"), &Traffic::receive_bytes);
    WriteUserTraffic(FamilyNamed("pdtt_user_transmit_bytes_total"), &Traffic::transmit_bytes);
    WriteUserTraffic(FamilyNamed("pdtt_user_receive_packets_total"), &Traffic::receive_packets);
    WriteUserTraffic(FamilyNamed("pdtt_user_transmit_packets_total"), &Traffic::transmit_packets);
    WriteUserConnections();
    WriteRetransmits();
    WriteTotals();
    WriteXdp();
    writer_.SetCreated(snapshot_.since.accounts);
    WriteActivity(FamilyNamed("pdtt_user_socket_receive_bytes_total"),
                  &UserActivity::socket_receive_bytes);
    WriteActivity(FamilyNamed("pdtt_user_socket_transmit_bytes_total"),
                  &UserActivity::socket_transmit_bytes);
    if (!writer_.Stopped()) {
      WriteConnections();
    }
  }

 private:
  using Value = std::uint64_t;

  void WriteUserTraffic(const FamilySpec& family, Value Traffic::*value) {
    writer_.BeginFamily(family);
    for (std::size_t i = 0; i < snapshot_.user_traffic.size(); ++i) {
      writer_.AddSample(traffic_labels_[i], {}, snapshot_.user_traffic[i].traffic.*value);
    }
  }

  void WriteActivity(const FamilySpec& family, Value UserActivity::*value) {
    writer_.BeginFamily(family);
    for (std::size_t i = 0; i < snapshot_.user_activity.size(); ++i) {
      writer_.AddSample(activity_labels_[i], {}, snapshot_.user_activity[i].*value);
    }
  }

  void WriteUserConnections() {
    WriteActivity(FamilyNamed("pdtt_user_connections"), &UserActivity::open_connections);
    writer_.BeginFamily(FamilyNamed("pdtt_user_connections_opened_total"));
    for (std::size_t i = 0; i < snapshot_.user_activity.size(); ++i) {
      const UserActivity& row = snapshot_.user_activity[i];
      const std::string_view labels = activity_labels_[i];
      writer_.AddSample(labels, {LabelValue(Direction::kInbound)}, row.opened_inbound);
      writer_.AddSample(labels, {LabelValue(Direction::kOutbound)}, row.opened_outbound);
    }
    WriteActivity(FamilyNamed("pdtt_user_connections_closed_total"), &UserActivity::closed);
  }

  void WriteRetransmits() {
    writer_.BeginFamily(FamilyNamed("pdtt_user_tcp_retransmitted_segments_total"));
    for (const UserRetransmits& row : snapshot_.user_retransmits) {
      writer_.AddSample(user_labels_[row.user], {snapshot_.networks.at(row.network)}, row.segments);
    }
  }

  void WriteTotals() {
    WriteTotal(FamilyNamed("pdtt_excluded_receive_bytes_total"), snapshot_.excluded.receive_bytes);
    WriteTotal(FamilyNamed("pdtt_excluded_transmit_bytes_total"),
               snapshot_.excluded.transmit_bytes);
    WriteUnattributed(FamilyNamed("pdtt_unattributed_receive_bytes_total"),
                      &Traffic::receive_bytes);
    WriteUnattributed(FamilyNamed("pdtt_unattributed_transmit_bytes_total"),
                      &Traffic::transmit_bytes);
    WriteTotal(FamilyNamed("pdtt_host_receive_bytes_total"), snapshot_.host.receive_bytes);
    WriteTotal(FamilyNamed("pdtt_host_transmit_bytes_total"), snapshot_.host.transmit_bytes);
  }

  void WriteTotal(const FamilySpec& family, Value value) {
    writer_.BeginFamily(family);
    writer_.AddSample({}, {}, value);
  }

  void WriteUnattributed(const FamilySpec& family, Value Traffic::*value) {
    writer_.BeginFamily(family);
    writer_.AddSample({}, {"no_socket"}, snapshot_.unattributed_no_socket.*value);
    writer_.AddSample({}, {"table_full"}, snapshot_.unattributed_table_full.*value);
    writer_.AddSample({}, {"nested"}, snapshot_.unattributed_nested.*value);
  }

  void WriteXdp() {
    writer_.SetCreated(snapshot_.since.xdp_users);
    WriteUserXdp(FamilyNamed("pdtt_user_xdp_receive_bytes_total"), &UserXdpTraffic::bytes);
    WriteUserXdp(FamilyNamed("pdtt_user_xdp_receive_packets_total"), &UserXdpTraffic::packets);
    writer_.SetCreated(snapshot_.since.xdp_results);
    WriteXdpTotals(FamilyNamed("pdtt_xdp_receive_bytes_total"), &XdpTotal::bytes);
    WriteXdpTotals(FamilyNamed("pdtt_xdp_receive_packets_total"), &XdpTotal::packets);
  }

  void WriteUserXdp(const FamilySpec& family, Value UserXdpTraffic::*value) {
    writer_.BeginFamily(family);
    for (const UserXdpTraffic& row : snapshot_.user_xdp) {
      writer_.AddSample(user_labels_[row.user], {snapshot_.interfaces.at(row.interface)},
                        row.*value);
    }
  }

  void WriteXdpTotals(const FamilySpec& family, Value XdpTotal::*value) {
    writer_.BeginFamily(family);
    for (const XdpTotal& row : snapshot_.xdp_totals) {
      writer_.AddSample({}, {snapshot_.interfaces.at(row.interface), LabelValue(row.result)},
                        row.*value);
    }
  }

  void WriteConnections() {
    const LabelTexts texts = ConnectionLabels(snapshot_, user_labels_);
    WriteConnectionTraffic(FamilyNamed("pdtt_connection_receive_bytes_total"), texts,
                           &Traffic::receive_bytes);
    WriteConnectionTraffic(FamilyNamed("pdtt_connection_transmit_bytes_total"), texts,
                           &Traffic::transmit_bytes);
    WriteConnectionTraffic(FamilyNamed("pdtt_connection_receive_packets_total"), texts,
                           &Traffic::receive_packets);
    WriteConnectionTraffic(FamilyNamed("pdtt_connection_transmit_packets_total"), texts,
                           &Traffic::transmit_packets);
    WriteConnectionInfo(texts);
  }

  void WriteConnectionTraffic(const FamilySpec& family, const LabelTexts& texts,
                              Value Traffic::*value) {
    writer_.BeginFamily(family);
    for (std::size_t i = 0; i < snapshot_.connections.size(); ++i) {
      writer_.SetCreated(snapshot_.connections[i].start);
      writer_.AddSample(texts[i], {}, snapshot_.connections[i].traffic.*value);
    }
  }

  void WriteConnectionInfo(const LabelTexts& texts) {
    writer_.BeginFamily(FamilyNamed("pdtt_connection_info"));
    for (std::size_t i = 0; i < snapshot_.connections.size(); ++i) {
      const Connection& connection = snapshot_.connections[i];
      writer_.AddSample(
          texts[i],
          {std::to_string(connection.pid), connection.command, LabelValue(connection.direction)},
          1);
    }
  }

  const Snapshot& snapshot_;
  TextWriter& writer_;
  const LabelTexts user_labels_;
  const LabelTexts traffic_labels_;   ///< of each Snapshot::user_traffic
  const LabelTexts activity_labels_;  ///< of each Snapshot::user_activity
};

}  // namespace

void WriteTrafficFamilies(const Snapshot& snapshot, TextWriter& writer) {
  TrafficPage(snapshot, writer).Write();
}

}  // namespace pdtt
