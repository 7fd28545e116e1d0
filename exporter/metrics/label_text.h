// SPDX-License-Identifier: Apache-2.0
// Text of label values: escaping, repair of bad UTF-8, addresses, and the words for enumerators.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/snapshot.h"
#include "model/traffic.h"

namespace pdtt {

/// Appends `value` as it stands between the quotes of a label: backslash, quote and newline
/// escaped, every byte that is not UTF-8 replaced by U+FFFD.
void AppendLabelValue(std::string& out, std::string_view value);

/// Appends `name="value"`.
void AppendLabel(std::string& out, std::string_view name, std::string_view value);

/// `text` with every byte that is not UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string ValidUtf8(std::string_view text);

/// Dotted for IPv4 (stored v4-mapped), RFC 5952 for IPv6.
[[nodiscard]] std::string AddressText(const IpAddress& address);

/// The remote address of a connection of this snapshot, or the pseudonym in its place.
[[nodiscard]] std::string RemoteAddressText(const Snapshot& snapshot, const Connection& connection);

[[nodiscard]] std::string_view LabelValue(Protocol protocol);
[[nodiscard]] std::string_view LabelValue(Direction direction);
[[nodiscard]] std::string_view LabelValue(XdpResult result);
[[nodiscard]] std::string_view LabelValue(Layer layer);

}  // namespace pdtt
