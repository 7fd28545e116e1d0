// SPDX-License-Identifier: Apache-2.0
#include "app/service_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "bpf/unique_fd.h"

namespace pdtt {
namespace {

using Messages = std::vector<std::string>;

/// The socket that a service manager listens on, and the environment that it starts a service with.
class Manager {
 public:
  explicit Manager(const char* watchdog_microseconds = nullptr) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // In the abstract namespace, whose names begin with a zero byte and are written with an @.
    const std::string name = "@pdtt-notify-" + std::to_string(getpid());
    std::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
    REQUIRE(bind(socket_.Get(), reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())) == 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    if (watchdog_microseconds != nullptr) {
      setenv("WATCHDOG_USEC", watchdog_microseconds, 1);
      setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    }
  }
  ~Manager() {
    for (const char* const name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
      unsetenv(name);
    }
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// What it was told since it was last asked.
  [[nodiscard]] Messages Told() const {
    Messages told;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0;
         (size = recv(socket_.Get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) >= 0;) {
      told.emplace_back(buffer.data(), static_cast<std::size_t>(size));
    }
    return told;
  }

 private:
  UniqueFd socket_{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

}  // namespace

TEST_CASE("the service is ready once all runs and there is a snapshot", "[service]") {
  const Manager manager;
  ServiceNotify service;
  const bool snapshot_first = GENERATE(true, false);
  if (snapshot_first) {
    service.SnapshotMade();
  } else {
    service.Started("all is well");
  }
  CHECK(manager.Told().empty());
  if (snapshot_first) {
    service.Started("all is well");
  } else {
    service.SnapshotMade();
  }
  CHECK(manager.Told() == Messages{"READY=1\nSTATUS=all is well"});
  service.SnapshotMade();
  CHECK(manager.Told().empty());
}

TEST_CASE("each snapshot keeps the watchdog quiet, and nothing else does", "[service]") {
  const Manager manager{"3000000"};
  ServiceNotify service;
  service.Started("");
  CHECK(manager.Told().empty());
  service.SnapshotMade();
  CHECK(manager.Told() == Messages{"READY=1\nSTATUS=", "WATCHDOG=1"});
  service.SnapshotMade();
  CHECK(manager.Told() == Messages{"WATCHDOG=1"});
  service.Reloading();
  service.Reloaded(true);
  for (const std::string& message : manager.Told()) {
    CHECK_THAT(message, !Catch::Contains("WATCHDOG"));
  }
}

TEST_CASE("the watchdog of another process is not ours", "[service]") {
  const Manager manager{"3000000"};
  setenv("WATCHDOG_PID", "1", 1);
  ServiceNotify service;
  service.SnapshotMade();
  CHECK(manager.Told().empty());
}

TEST_CASE("a reload is told from its beginning, with the time, to its end", "[service]") {
  const Manager manager;
  ServiceNotify service;
  service.Started("all is well");
  service.SnapshotMade();
  CHECK(manager.Told().size() == 1);

  const auto before = std::chrono::steady_clock::now().time_since_epoch();
  service.Reloading();
  const Messages begun = manager.Told();
  REQUIRE(begun.size() == 1);
  const std::string start = "RELOADING=1\nMONOTONIC_USEC=";
  REQUIRE_THAT(begun[0], Catch::StartsWith(start) && Catch::EndsWith("\nSTATUS=reloading"));
  const std::chrono::microseconds at{std::stoll(begun[0].substr(start.size()))};
  CHECK(at >= std::chrono::duration_cast<std::chrono::microseconds>(before));
  CHECK(at <= std::chrono::steady_clock::now().time_since_epoch());

  service.Reloaded(true);
  CHECK(manager.Told() == Messages{"READY=1\nSTATUS=all is well"});
  service.Reloaded(false);
  CHECK(manager.Told() ==
        Messages{"READY=1\nSTATUS=all is well; the last reload failed, see the log"});
}

TEST_CASE("a reload does not make a service ready that is not", "[service]") {
  const Manager manager;
  ServiceNotify service;
  service.Started("all is well");
  service.Reloading();
  service.Reloaded(true);
  CHECK(manager.Told().empty());
  service.Stopping();
  CHECK(manager.Told() == Messages{"STOPPING=1\nSTATUS=stopping"});
}

TEST_CASE("without a service manager nobody is told", "[service]") {
  const Manager manager;
  unsetenv("NOTIFY_SOCKET");
  ServiceNotify service;
  service.Started("");
  service.SnapshotMade();
  service.Reloading();
  service.Reloaded(true);
  service.Stopping();
  CHECK(manager.Told().empty());
}

}  // namespace pdtt
