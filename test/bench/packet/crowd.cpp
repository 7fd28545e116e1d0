// SPDX-License-Identifier: Apache-2.0
#include "crowd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

#include "layouts.h"

namespace pdtt::bench {
namespace {

constexpr std::size_t kPayload = 64;
constexpr std::uint32_t kMostOfMember = 8000;  // two descriptors each
constexpr char kConnect = 'c';
constexpr char kPass = 'p';

[[noreturn]] void Throw(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

sockaddr_in AddressOf(const std::string& text, in_port_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = port;
  inet_pton(AF_INET, text.c_str(), &address.sin_addr);
  return address;
}

// In one of the processes that hold the sockets.
class Sockets {
 public:
  Sockets(const CrowdOptions& options, std::uint32_t first, std::uint32_t count)
      : options_(options),
        first_(first),
        count_(count),
        near_namespace_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)),
        far_namespace_(open(options.peer_namespace.c_str(), O_RDONLY | O_CLOEXEC)) {}

  void Connect() {
    BecomeUser(kUid);
    Enter(far_namespace_);
    const UniqueFd listener = options_.tcp ? Bound(options_.far_address) : UniqueFd{};
    if (listener && listen(listener.Get(), SOMAXCONN) != 0) {
      Throw("listen");
    }
    for (std::uint32_t i = 0; i < count_; ++i) {
      far_.push_back(options_.tcp ? UniqueFd{} : Bound(options_.far_address));
      Enter(near_namespace_);
      BecomeUser(kUid + (first_ + i) % options_.accounts);
      near_.push_back(Bound(options_.near_address));
      ConnectTo(near_.back(), options_.tcp ? listener : far_.back());
      BecomeUser(kUid);
      Enter(far_namespace_);
      if (options_.tcp) {
        far_.back() = UniqueFd{accept(listener.Get(), nullptr, nullptr)};
      } else {
        ConnectTo(far_.back(), near_.back());
      }
      const linger abort{.l_onoff = 1, .l_linger = 0};  // no TIME_WAIT
      setsockopt(near_.back().Get(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    }
    Enter(near_namespace_);
  }

  void Pass() {
    std::array<char, kPayload> data{};
    const std::uint32_t times = std::max(options_.packets / options_.connections, 1U);
    for (std::uint32_t time = 0; time < times; ++time) {
      for (std::size_t i = 0; i < near_.size(); ++i) {
        if (send(near_[i].Get(), data.data(), data.size(), 0) != kPayload ||
            recv(far_[i].Get(), data.data(), data.size(), MSG_WAITALL) != kPayload) {
          Throw("move data");
        }
      }
    }
  }

 private:
  // The real one counts for our programs, that of files for the kernel's idea of a socket's owner.
  static void BecomeUser(std::uint32_t uid) {
    constexpr auto kAsItIs = static_cast<uid_t>(-1);
    if (setresuid(uid, kAsItIs, kAsItIs) != 0) {
      Throw("become a user");
    }
    setfsuid(uid);
  }

  static void Enter(const UniqueFd& network) {
    if (setns(network.Get(), CLONE_NEWNET) != 0) {
      Throw("enter a network namespace");
    }
  }

  [[nodiscard]] UniqueFd Bound(const std::string& text) const {
    const int type = options_.tcp ? SOCK_STREAM : SOCK_DGRAM;
    UniqueFd made{socket(AF_INET, type | SOCK_CLOEXEC, 0)};
    const sockaddr_in address = AddressOf(text, 0);
    if (options_.tcp) {
      const int on = 1;  // connect() looks for the port, which others may have with other peers
      setsockopt(made.Get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    }
    if (bind(made.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      Throw("bind");
    }
    return made;
  }

  static void ConnectTo(const UniqueFd& from, const UniqueFd& to) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    if (getsockname(to.Get(), reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        connect(from.Get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
      Throw("connect");
    }
  }

  CrowdOptions options_;
  std::uint32_t first_;
  std::uint32_t count_;
  UniqueFd near_namespace_;
  UniqueFd far_namespace_;
  std::vector<UniqueFd> near_;
  std::vector<UniqueFd> far_;
};

// Returns when the other end of the channel is closed.
void Obey(Sockets& sockets, const UniqueFd& channel) {
  char order = 0;
  while (read(channel.Get(), &order, 1) == 1) {
    if (order == kConnect) {
      sockets.Connect();
    } else {
      sockets.Pass();
    }
    if (write(channel.Get(), &order, 1) != 1) {
      return;
    }
  }
}

}  // namespace

Crowd::Crowd(const CrowdOptions& options) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (std::uint32_t first = 0; first < options.connections; first += kMostOfMember) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      Throw("make a channel");
    }
    UniqueFd ours{ends[0]};
    const UniqueFd theirs{ends[1]};
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      ours = UniqueFd{};
      members_.clear();
      Sockets sockets{options, first, std::min(options.connections - first, kMostOfMember)};
      try {
        Obey(sockets, theirs);
      } catch (const std::exception& error) {
        const std::string text = std::string{"pdtt_bench_packet: "} + error.what() + "\n";
        [[maybe_unused]] const auto size = write(STDERR_FILENO, text.data(), text.size());
        _exit(EXIT_FAILURE);
      }
      _exit(EXIT_SUCCESS);
    }
    members_.push_back({pid, std::move(ours)});
  }
}

Crowd::~Crowd() {
  for (Member& member : members_) {
    member.channel = UniqueFd{};
    if (member.pid > 0) {
      waitpid(member.pid, nullptr, 0);
    }
  }
}

void Crowd::Order(char what) {
  for (const Member& member : members_) {
    if (write(member.channel.Get(), &what, 1) != 1 || read(member.channel.Get(), &what, 1) != 1) {
      throw std::runtime_error("a process with connections has ended");
    }
  }
}

void Crowd::Connect() {
  Order(kConnect);
}

void Crowd::Pass() {
  Order(kPass);
}

}  // namespace pdtt::bench
