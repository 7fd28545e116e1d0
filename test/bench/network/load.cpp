// SPDX-License-Identifier: Apache-2.0
// Makes the traffic that is measured between a user and the user's peer, over IPv4.
//
// usage: pdtt_bench_load serve PORT
//        pdtt_bench_load MODE ADDRESS PORT MILLISECONDS
//
//        stream-send, stream-receive    one TCP connection, as fast as it goes
//        flood-send, flood-send-to      datagrams of 64 bytes from a connected socket, or from one
//                                       that names its peer each time
//        flood-receive                  the same to a socket that is not connected
//        exchange                       64 bytes there and back over one TCP connection, in turn
//        connect                        a TCP connection for each exchange
//
// The client asks the server for its part over TCP, and prints one line of JSON in the end. Who
// waits looks again and again and does not sleep: waking up costs more than all that is measured
// here, and not the same each time.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "bpf/unique_fd.h"

namespace {

using Clock = std::chrono::steady_clock;
using pdtt::UniqueFd;

constexpr std::size_t kMessageBytes = 64;
constexpr std::size_t kBatch = 64;
constexpr std::size_t kBlockBytes = 131072;
constexpr int kBacklog = 1024;
// Between two looks: what has come meanwhile is one batch.
constexpr std::chrono::microseconds kPause(20);
constexpr std::chrono::microseconds kNoPause(0);
constexpr std::chrono::milliseconds kDrained(10);  // nothing came for that long: all has arrived

enum class Mode : std::uint32_t {
  kStreamSend,
  kStreamReceive,
  kFloodSend,
  kFloodSendTo,
  kFloodReceive,
  kExchange,
  kConnect
};

struct Request {
  Mode mode;
  std::uint32_t port;  // where the client takes datagrams
  std::uint32_t milliseconds;
};

struct Report {
  std::uint64_t sent;
  std::uint64_t received;
};

std::size_t Check(ssize_t result, const char* what) {
  if (result < 0) {
    throw std::system_error(errno, std::system_category(), what);
  }
  return static_cast<std::size_t>(result);
}

Clock::time_point In(std::uint32_t milliseconds) {
  return Clock::now() + std::chrono::milliseconds(milliseconds);
}

sockaddr_in Address(const std::string& host, std::uint32_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    throw std::invalid_argument("not an IPv4 address: " + host);
  }
  return address;
}

const sockaddr* Any(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

UniqueFd Socket(int type) {
  return UniqueFd(static_cast<int>(Check(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket")));
}

void Connect(const UniqueFd& fd, const sockaddr_in& address) {
  Check(connect(fd.Get(), Any(address), sizeof(address)), "connect");
}

UniqueFd Bound(int type, std::uint32_t port) {
  UniqueFd fd = Socket(type);
  const int reuse = type == SOCK_DGRAM ? 0 : 1;
  Check(setsockopt(fd.Get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse)), "SO_REUSEADDR");
  const sockaddr_in address = Address("0.0.0.0", port);
  Check(bind(fd.Get(), Any(address), sizeof(address)), "bind");
  return fd;
}

template <typename T>
void Tell(const UniqueFd& fd, const T& what) {
  Check(send(fd.Get(), &what, sizeof(what), MSG_NOSIGNAL), "send");
}

void Pause(std::chrono::microseconds pause) {
  const Clock::time_point end = Clock::now() + pause;
  while (Clock::now() < end) {
  }
}

// What has come; 0: the other side has closed the connection.
std::size_t Take(const UniqueFd& fd, void* to, std::size_t size, std::chrono::microseconds pause) {
  while (true) {
    const ssize_t got = recv(fd.Get(), to, size, MSG_DONTWAIT);
    if (got >= 0 || errno != EAGAIN) {
      return Check(got, "recv");
    }
    Pause(pause);
  }
}

// False: the other side has closed the connection.
template <typename T>
bool Hear(const UniqueFd& fd, T* what) {
  auto* bytes = reinterpret_cast<char*>(what);
  for (std::size_t have = 0; have < sizeof(*what);) {
    const std::size_t more = Take(fd, bytes + have, sizeof(*what) - have, kNoPause);
    if (more == 0) {
      return false;
    }
    have += more;
  }
  return true;
}

std::uint64_t StreamOut(const UniqueFd& fd, std::uint32_t milliseconds) {
  const std::vector<char> block(kBlockBytes);
  const Clock::time_point end = In(milliseconds);
  std::uint64_t bytes = 0;
  while (Clock::now() < end) {
    bytes += Check(send(fd.Get(), block.data(), block.size(), MSG_NOSIGNAL), "send");
  }
  Check(shutdown(fd.Get(), SHUT_WR), "shutdown");
  return bytes;
}

std::uint64_t StreamIn(const UniqueFd& fd) {
  std::vector<char> block(kBlockBytes);
  std::uint64_t bytes = 0;
  while (const std::size_t size = Take(fd, block.data(), block.size(), kPause)) {
    bytes += size;
  }
  return bytes;
}

// One system call's worth of datagrams.
class Datagrams {
 public:
  // `to` is for a socket that is not connected.
  explicit Datagrams(sockaddr_in* to = nullptr) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts_.at(i) = {bytes_.at(i).data(), kMessageBytes};
      messages_.at(i).msg_hdr.msg_iov = &parts_.at(i);
      messages_.at(i).msg_hdr.msg_iovlen = 1;
      messages_.at(i).msg_hdr.msg_name = to;
      messages_.at(i).msg_hdr.msg_namelen = to == nullptr ? 0 : sizeof(*to);
    }
  }
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;
  ~Datagrams() = default;

  std::size_t Send(const UniqueFd& fd) {
    return Check(sendmmsg(fd.Get(), messages_.data(), kBatch, 0), "sendmmsg");
  }

  // 0: none came.
  std::size_t Receive(const UniqueFd& fd) {
    const int count = recvmmsg(fd.Get(), messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
    return count < 0 && errno == EAGAIN ? 0 : Check(count, "recvmmsg");
  }

 private:
  std::array<std::array<char, kMessageBytes>, kBatch> bytes_{};
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> messages_{};
};

std::uint64_t FloodOut(const UniqueFd& fd, sockaddr_in* to, std::uint32_t milliseconds) {
  Datagrams datagrams(to);
  const Clock::time_point end = In(milliseconds);
  std::uint64_t count = 0;
  while (Clock::now() < end) {
    count += datagrams.Send(fd);
  }
  return count;
}

// Until the sender has said over `control` that it is done.
std::uint64_t FloodIn(const UniqueFd& fd, const UniqueFd& control) {
  Datagrams datagrams;
  std::uint64_t count = 0;
  Clock::time_point last = Clock::now();
  while (true) {
    const Clock::time_point now = Clock::now();
    while (const std::size_t more = datagrams.Receive(fd)) {
      count += more;
      last = now;
    }
    pollfd done{control.Get(), POLLIN, 0};
    if (now - last > kDrained && Check(poll(&done, 1, 0), "poll") != 0) {
      return count;
    }
    Pause(kPause);
  }
}

using Message = std::array<char, kMessageBytes>;

void Answer(const UniqueFd& datagrams, const UniqueFd& client, sockaddr_in address) {
  Request request{};
  Report report{};
  Message message{};
  if (!Hear(client, &request)) {
    return;
  }
  switch (request.mode) {
    case Mode::kStreamSend:
      report.received = StreamIn(client);
      return Tell(client, report);
    case Mode::kStreamReceive:
      StreamOut(client, request.milliseconds);
      return;
    case Mode::kFloodSend:
    case Mode::kFloodSendTo:
      report.received = FloodIn(datagrams, client);
      return Tell(client, report);
    case Mode::kFloodReceive: {
      const UniqueFd fd = Socket(SOCK_DGRAM);
      address.sin_port = htons(static_cast<std::uint16_t>(request.port));
      Connect(fd, address);
      report.sent = FloodOut(fd, nullptr, request.milliseconds);
      return Tell(client, report);
    }
    case Mode::kExchange:
      while (Hear(client, &message)) {
        Tell(client, message);
      }
      return;
    case Mode::kConnect:
      return Tell(client, message);
  }
}

// It sleeps only after nothing has come for a while.
UniqueFd Accept(const UniqueFd& listener, sockaddr_in* address) {
  const Clock::time_point patience = Clock::now() + kDrained;
  while (true) {
    socklen_t size = sizeof(*address);
    const int fd =
        accept4(listener.Get(), reinterpret_cast<sockaddr*>(address), &size, SOCK_CLOEXEC);
    if (fd >= 0 || errno != EAGAIN) {
      return UniqueFd(static_cast<int>(Check(fd, "accept")));
    }
    if (Clock::now() > patience) {
      pollfd more{listener.Get(), POLLIN, 0};
      Check(poll(&more, 1, -1), "poll");
    }
  }
}

[[noreturn]] void Serve(std::uint32_t port) {
  const UniqueFd listener = Bound(SOCK_STREAM | SOCK_NONBLOCK, port);
  const UniqueFd datagrams = Bound(SOCK_DGRAM, port);
  Check(listen(listener.Get(), kBacklog), "listen");
  while (true) {
    sockaddr_in address{};
    const UniqueFd client = Accept(listener, &address);
    Answer(datagrams, client, address);
  }
}

Report Stream(const sockaddr_in& server, const Request& request) {
  const UniqueFd fd = Socket(SOCK_STREAM);
  Report report{};
  Connect(fd, server);
  Tell(fd, request);
  if (request.mode == Mode::kStreamReceive) {
    return {0, StreamIn(fd)};
  }
  const std::uint64_t sent = StreamOut(fd, request.milliseconds);
  Hear(fd, &report);
  return {sent, report.received};
}

Report Flood(sockaddr_in server, Request request) {
  const UniqueFd control = Socket(SOCK_STREAM);
  const UniqueFd fd = Bound(SOCK_DGRAM, 0);
  Report report{};
  Connect(control, server);
  if (request.mode == Mode::kFloodReceive) {
    sockaddr_in own{};
    socklen_t size = sizeof(own);
    Check(getsockname(fd.Get(), reinterpret_cast<sockaddr*>(&own), &size), "getsockname");
    request.port = ntohs(own.sin_port);
    Tell(control, request);
    const std::uint64_t received = FloodIn(fd, control);
    Hear(control, &report);
    return {report.sent, received};
  }
  Tell(control, request);
  if (request.mode == Mode::kFloodSend) {
    Connect(fd, server);
  }
  const std::uint64_t sent =
      FloodOut(fd, request.mode == Mode::kFloodSend ? nullptr : &server, request.milliseconds);
  Tell(control, Report{});
  Hear(control, &report);
  return {sent, report.received};
}

// How long each exchange took, in nanoseconds.
std::vector<std::int64_t> Exchange(const sockaddr_in& server, const Request& request) {
  const UniqueFd fd = Socket(SOCK_STREAM);
  const int yes = 1;
  std::vector<std::int64_t> took;
  Message message{};
  Connect(fd, server);
  Check(setsockopt(fd.Get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), "TCP_NODELAY");
  Tell(fd, request);
  const Clock::time_point end = In(request.milliseconds);
  for (Clock::time_point begin = Clock::now(); begin < end;) {
    Tell(fd, message);
    Hear(fd, &message);
    const Clock::time_point now = Clock::now();
    took.push_back(std::chrono::nanoseconds(now - begin).count());
    begin = now;
  }
  return took;
}

// The server is the first to close, so that the user's side does not run out of ports.
Report Connections(const sockaddr_in& server, const Request& request) {
  const Clock::time_point end = In(request.milliseconds);
  Message message{};
  std::uint64_t count = 0;
  for (; Clock::now() < end; ++count) {
    const UniqueFd fd = Socket(SOCK_STREAM);
    Connect(fd, server);
    Tell(fd, request);
    Hear(fd, &message);
    Hear(fd, &message);
  }
  return {count, count};
}

void Measure(const sockaddr_in& server, const Request& request) {
  const Clock::time_point begin = Clock::now();
  if (request.mode == Mode::kExchange) {
    std::vector<std::int64_t> took = Exchange(server, request);
    std::sort(took.begin(), took.end());
    std::cout << "{\"median_ns\": " << took.at(took.size() / 2)
              << ", \"p99_ns\": " << took.at(took.size() * 99 / 100) << "}\n";
    return;
  }
  const bool stream = request.mode == Mode::kStreamSend || request.mode == Mode::kStreamReceive;
  const bool connections = request.mode == Mode::kConnect;
  const Report report = stream        ? Stream(server, request)
                        : connections ? Connections(server, request)
                                      : Flood(server, request);
  // A flood lasts as long as it was asked to; the rest is setting up and taking what is left.
  const double seconds = stream || connections
                             ? std::chrono::duration<double>(Clock::now() - begin).count()
                             : request.milliseconds / 1e3;
  std::cout << "{\"sent\": " << static_cast<double>(report.sent) / seconds
            << ", \"received\": " << static_cast<double>(report.received) / seconds << "}\n";
}

}  // namespace

int main(int argc, char** argv) try {
  const std::map<std::string, Mode> modes = {{"stream-send", Mode::kStreamSend},
                                             {"stream-receive", Mode::kStreamReceive},
                                             {"flood-send", Mode::kFloodSend},
                                             {"flood-send-to", Mode::kFloodSendTo},
                                             {"flood-receive", Mode::kFloodReceive},
                                             {"exchange", Mode::kExchange},
                                             {"connect", Mode::kConnect}};
  const std::string mode = argc > 1 ? argv[1] : "";
  std::cout.precision(12);
  if (argc == 3 && mode == "serve") {
    Serve(static_cast<std::uint32_t>(std::stoul(argv[2])));
  }
  if (argc != 5 || !modes.contains(mode)) {
    std::cerr << "usage: pdtt_bench_load serve PORT | MODE ADDRESS PORT MILLISECONDS\n";
    return 2;
  }
  Measure(Address(argv[2], static_cast<std::uint32_t>(std::stoul(argv[3]))),
          {modes.at(mode), 0, static_cast<std::uint32_t>(std::stoul(argv[4]))});
  return 0;
} catch (const std::exception& error) {
  std::cerr << "pdtt_bench_load: " << error.what() << '\n';
  return 1;
}
