// SPDX-License-Identifier: Apache-2.0
// Requests: what a client on the other side of a socket may send, to the real server,
// or to one with a password if the input has an odd length.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "expect.h"
#include "http/accept.h"
#include "http/accept_encoding.h"
#include "http/basic_credentials.h"
#include "http/server.h"

namespace pdtt::fuzz {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// After the client has said its last byte there is nothing to wait for.
constexpr milliseconds kPatience{30'000};

constexpr std::array<pdtt::MediaType, 2> kOffers = {
    {{"text/plain", "0.0.4"}, {"application/openmetrics-text", "1.0.0"}}};

// Of the password "b", at the least cost there is.
constexpr const char* kHash = "$2y$04$rVxW85xCDsGx3/MMxBwgKeKPJ6fnUA9d.qsG9pH9vb3n29RffhpUC";

std::vector<HttpRoute> Routes() {
  const auto small = [](const HttpRequest& request) {
    HttpResponse response;
    response.body = [accept = request.accept](const Sink& sink) { sink(accept); };
    return response;
  };
  const auto large = [](const HttpRequest& /*request*/) {
    HttpResponse response;
    response.body = [](const Sink& sink) {
      for (int i = 0; i < 10 && sink(std::string(3'000, 'x')); ++i) {
      }
    };
    return response;
  };
  const auto error = [](const HttpRequest& /*request*/) -> HttpResponse {
    throw std::runtime_error("error");
  };
  return {{"/small", small}, {"/large", large}, {"/error", error}};
}

HttpOptions Options() {
  return {
      .listen = {"127.0.0.1:0"}, .allow = {"127.0.0.0/8"}, .header_deadline = milliseconds{1'000}};
}

HttpOptions OptionsWithPassword() {
  HttpOptions options = Options();
  HttpSecurity security;
  security.users = {{"a", kHash}};
  security.headers = {{"X-Frame-Options", "deny"}};
  options.security = [shared = std::make_shared<const HttpSecurity>(security)] { return shared; };
  return options;
}

sockaddr_in AddressOf(const HttpServer& server) {
  const std::string text = server.ListenAddresses().front();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(text.find(':') + 1))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr_in Address(bool with_password) {
  static const HttpServer open(Options(), Routes());
  static const HttpServer locked(OptionsWithPassword(), Routes());
  static const sockaddr_in open_address = AddressOf(open);
  static const sockaddr_in locked_address = AddressOf(locked);
  return with_password ? locked_address : open_address;
}

/// False after that time.
bool WaitFor(int fd, short event, milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  while (true) {
    pollfd waited{fd, event, 0};
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    const int ready = poll(&waited, 1, static_cast<int>(std::max(left, milliseconds{0}).count()));
    if (ready >= 0 || errno != EINTR) {
      return ready == 1;
    }
  }
}

int Connect(bool with_password) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Address(with_password);
  // No port is to be kept waiting for the next ten thousand connections.
  const linger none{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  int error =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
  // The fuzzer's clock interrupts; the connection is made nevertheless.
  if (error == EINTR && WaitFor(fd, POLLOUT, kPatience)) {
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  Expect(error == 0, "the server accepts connections: " + std::string(strerror(error)));
  return fd;
}

/// All that the server sends until it hangs up.
std::string ReadAll(int fd) {
  std::string all;
  std::array<char, 16'384> piece{};
  while (true) {
    Expect(WaitFor(fd, POLLIN, kPatience), "the server hangs up when the client has said its last");
    const ssize_t count = recv(fd, piece.data(), piece.size(), 0);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return all;  // it may also reset the connection, of which it has not read all
    }
    all.append(piece.data(), static_cast<std::size_t>(count));
  }
}

void CheckServer(std::string_view input) {
  const int fd = Connect(input.size() % 2 == 1);
  // Fails if the server has hung up before the end of the input, as it may.
  while (send(fd, input.data(), input.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
  shutdown(fd, SHUT_WR);
  const std::string answer = ReadAll(fd);
  close(fd);
  Expect(answer.empty() || answer.starts_with("HTTP/1.1 "), "an answer is HTTP");
  Expect(answer.find("HTTP/1.1 500") == std::string::npos ||
             input.find("/error") != std::string_view::npos,
         "no request is an error of the server");
}

}  // namespace
}  // namespace pdtt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(pdtt::AcceptsGzip(input));
  pdtt::fuzz::Expect(pdtt::PreferredType(input, pdtt::fuzz::kOffers) < 2, "one of the two");
  static_cast<void>(pdtt::ParseBasicCredentials(input));
  pdtt::fuzz::CheckServer(input);
  return 0;
}
