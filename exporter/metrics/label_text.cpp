// SPDX-License-Identifier: Apache-2.0
#include "metrics/label_text.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <system_error>

namespace pdtt {
namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";
constexpr std::array<std::uint8_t, 12> kV4MappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool NeedsNoChange(char c) {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

// Bytes a UTF-8 sequence with this first byte has; 0 if none may start so.
std::size_t SequenceLength(unsigned char first) {
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xC2 && first <= 0xDF) {
    return 2;
  }
  if ((first & 0xF0U) == 0xE0) {
    return 3;
  }
  return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

// The second byte is what keeps out overlong forms, surrogates and code points over U+10FFFF.
bool SecondByteFits(unsigned char first, unsigned char second) {
  const unsigned char lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  return second >= lowest && second <= highest;
}

// Length of the character that `text` (not empty) begins with; 0 if its first byte is not UTF-8.
std::size_t CharacterLength(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = SequenceLength(first);
  if (length <= 1) {
    return length;
  }
  if (length > text.size() || !SecondByteFits(first, static_cast<unsigned char>(text[1]))) {
    return 0;
  }
  const auto is_continuation = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
  };
  const std::string_view rest = text.substr(2, length - 2);
  return std::all_of(rest.begin(), rest.end(), is_continuation) ? length : 0;
}

void AppendEscaped(std::string& out, char c) {
  switch (c) {
    case '\\':
      out += "\\\\";
      break;
    case '"':
      out += "\\\"";
      break;
    case '\n':
      out += "\\n";
      break;
    default:
      out += c;
  }
}

}  // namespace

void AppendLabelValue(std::string& out, std::string_view value) {
  if (std::all_of(value.begin(), value.end(), NeedsNoChange)) {
    out += value;
    return;
  }
  while (!value.empty()) {
    const std::size_t length = CharacterLength(value);
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (length == 1) {
      AppendEscaped(out, value.front());
    } else {
      out += value.substr(0, length);
    }
    value.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

void AppendLabel(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += "=\"";
  AppendLabelValue(out, value);
  out += '"';
}

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    valid += length == 0 ? kReplacementCharacter : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return valid;
}

std::string AddressText(const IpAddress& address) {
  const bool is_ipv4 = std::equal(kV4MappedPrefix.begin(), kV4MappedPrefix.end(), address.begin());
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* const written =
      is_ipv4
          ? inet_ntop(AF_INET, address.data() + kV4MappedPrefix.size(), text.data(), text.size())
          : inet_ntop(AF_INET6, address.data(), text.data(), text.size());
  if (written == nullptr) {
    throw std::system_error(errno, std::generic_category(), "inet_ntop");
  }
  return written;
}

std::string RemoteAddressText(const Snapshot& snapshot, const Connection& connection) {
  if (!snapshot.privacy.hide_remote_addresses) {
    return AddressText(connection.remote_address);
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::size_t kPseudonymBytes = 8;  // enough for no two to be the same
  std::string text = "hidden-";
  for (std::size_t i = 0; i < kPseudonymBytes; ++i) {
    text += kDigits[connection.remote_address[i] >> 4U];
    text += kDigits[connection.remote_address[i] & 0xFU];
  }
  return text;
}

std::string_view LabelValue(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kUdp:
      return "udp";
    case Protocol::kOther:
      return "other";
  }
  throw std::invalid_argument("unknown Protocol");
}

std::string_view LabelValue(Direction direction) {
  switch (direction) {
    case Direction::kInbound:
      return "inbound";
    case Direction::kOutbound:
      return "outbound";
  }
  throw std::invalid_argument("unknown Direction");
}

std::string_view LabelValue(XdpResult result) {
  switch (result) {
    case XdpResult::kAttributed:
      return "attributed";
    case XdpResult::kUnknownConnection:
      return "unknown_connection";
    case XdpResult::kNotIp:
      return "not_ip";
    case XdpResult::kFragment:
      return "fragment";
    case XdpResult::kMalformed:
      return "malformed";
  }
  throw std::invalid_argument("unknown XdpResult");
}

std::string_view LabelValue(Layer layer) {
  switch (layer) {
    case Layer::kXdp:
      return "xdp";
    case Layer::kSockops:
      return "sockops";
    case Layer::kCgroup:
      return "cgroup";
    case Layer::kSocket:
      return "socket";
  }
  throw std::invalid_argument("unknown Layer");
}

}  // namespace pdtt
