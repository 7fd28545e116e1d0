// SPDX-License-Identifier: Apache-2.0
#include "http/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace pdtt {
namespace {

[[noreturn]] void ThrowInvalid(std::string_view text, std::string_view reason) {
  throw std::runtime_error("invalid listen address '" + std::string(text) +
                           "': " + std::string(reason));
}

std::uint16_t ParsePort(std::string_view text, std::string_view port) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size() || value > 65535) {
    ThrowInvalid(text, "the port must be a number from 0 to 65535");
  }
  return static_cast<std::uint16_t>(value);
}

/// The one way to write a numeric address; empty if it isn't one.
std::string Canonical(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  // A NUL inside would hide the rest of the text from the C functions.
  if (host.find('\0') != std::string::npos || inet_pton(family, host.c_str(), binary.data()) != 1 ||
      inet_ntop(family, binary.data(), text.data(), text.size()) == nullptr) {
    return {};
  }
  return text.data();
}

class ProbeSocket {
 public:
  explicit ProbeSocket(int family) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~ProbeSocket() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  ProbeSocket(ProbeSocket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  ProbeSocket(const ProbeSocket&) = delete;
  ProbeSocket& operator=(const ProbeSocket&) = delete;
  ProbeSocket& operator=(ProbeSocket&&) = delete;

  /// Listens with the options civetweb will use; 0 or the errno.
  [[nodiscard]] int Listen(const ListenAddress& address) const {
    const int on = 1;
    sockaddr_storage storage{};
    socklen_t length = 0;
    if (address.ipv6) {
      sockaddr_in6 in{};
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(address.port);
      inet_pton(AF_INET6, address.host.c_str(), &in.sin6_addr);
      std::memcpy(&storage, &in, length = sizeof(in));
      setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    } else {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_port = htons(address.port);
      inet_pton(AF_INET, address.host.c_str(), &in.sin_addr);
      std::memcpy(&storage, &in, length = sizeof(in));
    }
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const bool listening = fd_ >= 0 &&
                           bind(fd_, reinterpret_cast<const sockaddr*>(&storage), length) == 0 &&
                           listen(fd_, 1) == 0;
    return listening ? 0 : errno;
  }

 private:
  int fd_;
};

}  // namespace

ListenAddress ParseListenAddress(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    ThrowInvalid(text, "expected HOST:PORT or [IPV6]:PORT");
  }
  ListenAddress address;
  address.port = ParsePort(text, text.substr(colon + 1));
  std::string host(text.substr(0, colon));
  if (host.empty()) {
    ThrowInvalid(text, "no host given; 0.0.0.0 and [::] listen on every address");
  }
  if (host == "localhost") {
    host = "127.0.0.1";
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    address.ipv6 = true;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    ThrowInvalid(text, "write an IPv6 address in brackets, as in [::1]:10435");
  }
  address.host = Canonical(address.ipv6 ? AF_INET6 : AF_INET, host);
  if (address.host.empty()) {
    ThrowInvalid(text, "the host must be a numeric address or localhost");
  }
  return address;
}

std::string ToString(const ListenAddress& address) {
  const std::string port = ":" + std::to_string(address.port);
  return address.ipv6 ? "[" + address.host + "]" + port : address.host + port;
}

void CheckListenable(const std::vector<ListenAddress>& addresses) {
  // All stay open until the end, so that an address given twice is noticed.
  std::vector<ProbeSocket> sockets;
  for (const ListenAddress& address : addresses) {
    sockets.emplace_back(address.ipv6 ? AF_INET6 : AF_INET);
    const int error = sockets.back().Listen(address);
    if (error == 0) {
      continue;
    }
    std::string message =
        "cannot listen on " + ToString(address) + ": " + std::system_category().message(error);
    if (error == EADDRINUSE) {
      message += "; stop the other process or choose another --web.listen-address";
    }
    throw std::runtime_error(message);
  }
}

}  // namespace pdtt
