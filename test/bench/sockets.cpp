// SPDX-License-Identifier: Apache-2.0
// Sockets for an exporter to count: of thousands of users, thousands of live connections, or
// thousands of short ones each second. A process for each port, since each may have only so many
// descriptors. Ends with its parent.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr const char* kUsage =
    "usage: pdtt_bench_sockets users FIRST COUNT PORT ADDRESS...\n"
    "         sends a datagram of 100 bytes to each address as each of COUNT users\n"
    "       pdtt_bench_sockets accept PORT PORTS EACH\n"
    "         takes EACH connections on each port, and holds them\n"
    "       pdtt_bench_sockets connect ADDRESS PORT PORTS EACH\n"
    "         makes those connections, says 'held', and holds them\n"
    "       pdtt_bench_sockets answer PORT PORTS\n"
    "         answers each connection with a byte and closes it\n"
    "       pdtt_bench_sockets churn ADDRESS PORT PORTS RATE COUNT\n"
    "         makes COUNT of those, RATE each second, and prints how many seconds it took\n";

using Clock = std::chrono::steady_clock;

[[noreturn]] void Throw(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int Checked(int result, const char* what) {
  if (result < 0) {
    Throw(what);
  }
  return result;
}

class Socket {
 public:
  explicit Socket(int type) : Socket(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket") {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }

  [[nodiscard]] Socket Accept() const {
    return {accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC), "accept"};
  }

  void Listen(std::uint16_t port) const {
    const int on = 1;
    Checked(setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "SO_REUSEADDR");
    const sockaddr_in any = Address("0.0.0.0", port);
    Checked(bind(fd_, reinterpret_cast<const sockaddr*>(&any), sizeof(any)), "bind");
    Checked(listen(fd_, 4096), "listen");
  }

  void Connect(const std::string& address, std::uint16_t port) const {
    const sockaddr_in peer = Address(address, port);
    Checked(connect(fd_, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)), "connect");
  }

  void Send(std::size_t bytes) const {
    static constexpr std::array<char, 1024> kPayload{};
    if (send(fd_, kPayload.data(), bytes, MSG_NOSIGNAL) != static_cast<ssize_t>(bytes)) {
      Throw("send");
    }
  }

  /// False at the end.
  [[nodiscard]] bool Receive() const {
    std::array<char, 1024> payload{};
    return Checked(static_cast<int>(recv(fd_, payload.data(), payload.size(), 0)), "recv") > 0;
  }

 private:
  Socket(int fd, const char* what) : fd_(Checked(fd, what)) {}

  static sockaddr_in Address(const std::string& text, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) {
      throw std::invalid_argument(text + " is not an IPv4 address");
    }
    return address;
  }

  int fd_;
};

// Glibc's wrapper would change every thread's; there is one, but the kernel is what counts here.
void BecomeUser(uid_t uid) {
  Checked(static_cast<int>(syscall(SYS_setresuid, uid, uid, 0)), "setresuid");
}

// Paced, so that a reader of events that looks five times a second keeps up.
void SendAsUsers(uid_t first, unsigned count, std::uint16_t port,
                 const std::vector<std::string>& addresses) {
  constexpr unsigned kBurst = 250;
  constexpr auto kPause = std::chrono::milliseconds{20};
  for (unsigned i = 0; i < count; ++i) {
    BecomeUser(first + i);
    for (const std::string& address : addresses) {
      const Socket socket(SOCK_DGRAM);
      socket.Connect(address, port);
      socket.Send(100);
    }
    BecomeUser(0);
    if (i % kBurst == kBurst - 1) {
      std::this_thread::sleep_for(kPause);
    }
  }
}

// As many bytes as tell connections from each other.
std::size_t BytesOf(unsigned connection) {
  return 1 + connection % 1000;
}

void HoldAccepted(const Socket& listener, unsigned count) {
  std::vector<Socket> held;
  held.reserve(count);
  while (held.size() < count) {
    held.push_back(listener.Accept());
    static_cast<void>(held.back().Receive());
  }
  pause();
}

void HoldConnected(const std::string& address, std::uint16_t port, unsigned count, int ready) {
  std::vector<Socket> held;
  held.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    held.emplace_back(SOCK_STREAM).Connect(address, port);
    held.back().Send(BytesOf(i));
  }
  Checked(static_cast<int>(write(ready, "", 1)), "write");
  pause();
}

void Answer(const Socket& listener) {
  for (;;) {
    const Socket connection = listener.Accept();
    if (connection.Receive()) {
      connection.Send(1);
    }
  }
}

// The other end closes first: its port waits for late segments, ours is free again.
void ConnectBriefly(const std::string& address, std::uint16_t port, unsigned rate, unsigned count) {
  const Clock::time_point begin = Clock::now();
  for (unsigned i = 0; i < count; ++i) {
    std::this_thread::sleep_until(begin + i * std::chrono::nanoseconds{std::nano::den / rate});
    const Socket socket(SOCK_STREAM);
    socket.Connect(address, port);
    socket.Send(1);
    while (socket.Receive()) {
    }
  }
}

void InChild(const std::function<void()>& work) {
  const pid_t parent = getpid();
  if (Checked(fork(), "fork") != 0) {
    return;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int status = 1;
  try {
    if (getppid() == parent) {
      work();
      status = 0;
    }
  } catch (const std::exception& error) {
    std::cerr << "pdtt_bench_sockets: " << error.what() << std::endl;
  }
  _exit(status);
}

// One process that fails ends them all, so that whoever waits for connections learns of it.
int WaitForChildren(unsigned children) {
  for (; children > 0; --children) {
    int status = 0;
    if (wait(&status) < 0 || status != 0) {
      return 1;
    }
  }
  return 0;
}

int Listen(std::uint16_t port, unsigned ports, const std::function<void(const Socket&)>& serve) {
  std::vector<Socket> listeners;
  for (unsigned i = 0; i < ports; ++i) {
    listeners.emplace_back(SOCK_STREAM).Listen(static_cast<std::uint16_t>(port + i));
  }
  for (const Socket& listener : listeners) {
    InChild([&] { serve(listener); });
  }
  std::cout << "listening" << std::endl;
  return WaitForChildren(ports);
}

int Connect(const std::string& address, std::uint16_t port, unsigned ports, unsigned each) {
  std::array<int, 2> ready{};
  Checked(pipe(ready.data()), "pipe");
  for (unsigned i = 0; i < ports; ++i) {
    InChild([&] { HoldConnected(address, static_cast<std::uint16_t>(port + i), each, ready[1]); });
  }
  close(ready[1]);
  char byte = 0;
  for (unsigned i = 0; i < ports; ++i) {
    if (read(ready[0], &byte, 1) != 1) {
      return 1;
    }
  }
  std::cout << "held" << std::endl;
  return WaitForChildren(ports);
}

int Churn(const std::string& address, std::uint16_t port, unsigned ports, unsigned rate,
          unsigned count) {
  const Clock::time_point begin = Clock::now();
  for (unsigned i = 0; i < ports; ++i) {
    InChild([&] {
      ConnectBriefly(address, static_cast<std::uint16_t>(port + i), rate / ports, count / ports);
    });
  }
  const int result = WaitForChildren(ports);
  std::cout << std::chrono::duration<double>(Clock::now() - begin).count() << std::endl;
  return result;
}

unsigned Number(const std::string& text) {
  return static_cast<unsigned>(std::stoul(text));
}

std::uint16_t Port(const std::string& text) {
  return static_cast<std::uint16_t>(std::stoul(text));
}

int Run(const std::vector<std::string>& arguments) {
  const std::string mode = arguments.empty() ? "" : arguments[0];
  const auto& a = arguments;
  if (mode == "users" && a.size() >= 5) {
    SendAsUsers(Number(a[1]), Number(a[2]), Port(a[3]), {a.begin() + 4, a.end()});
    return 0;
  }
  if (mode == "accept" && a.size() == 4) {
    return Listen(Port(a[1]), Number(a[2]),
                  [each = Number(a[3])](const Socket& one) { HoldAccepted(one, each); });
  }
  if (mode == "connect" && a.size() == 5) {
    return Connect(a[1], Port(a[2]), Number(a[3]), Number(a[4]));
  }
  if (mode == "answer" && a.size() == 3) {
    return Listen(Port(a[1]), Number(a[2]), Answer);
  }
  if (mode == "churn" && a.size() == 6) {
    return Churn(a[1], Port(a[2]), Number(a[3]), Number(a[4]), Number(a[5]));
  }
  std::cerr << kUsage;
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "pdtt_bench_sockets: " << error.what() << '\n';
    return 1;
  }
}
