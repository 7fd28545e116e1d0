// SPDX-License-Identifier: Apache-2.0
#include "top/top.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <iostream>
#include <system_error>
#include <utility>

#include "top/api_client.h"
#include "top/api_problem.h"
#include "top/poller.h"
#include "top/screen.h"
#include "top/view.h"

namespace pdtt {
namespace top {
namespace {

constexpr std::size_t kPlainWidth = 160;  // for what is no terminal: room for all that matters

/// The signals that end us, as a descriptor: the terminal is to be put in order first.
class EndSignals {
 public:
  EndSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
      sigaddset(&signals, number);
    }
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd_ < 0) {
      throw std::system_error(errno, std::system_category(), "signalfd");
    }
  }
  ~EndSignals() { close(fd_); }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;
  EndSignals(EndSignals&&) = delete;
  EndSignals& operator=(EndSignals&&) = delete;

  [[nodiscard]] int Fd() const { return fd_; }

 private:
  int fd_;
};

/// Until a key is pressed, there is something new, or the terminal has another size. False: to end.
bool Wait(const EndSignals& signals, const Poller& poller) {
  std::array<pollfd, 3> waited = {
      {{STDIN_FILENO, POLLIN, 0}, {poller.ReadyFd(), POLLIN, 0}, {signals.Fd(), POLLIN, 0}}};
  if (poll(waited.data(), waited.size(), -1) < 0) {
    return true;  // interrupted by the signal of a new size, which comes as a key
  }
  const bool gone = (waited[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  return !gone && waited[2].revents == 0;
}

/// Takes over all keys that were pressed. False: to end.
bool TakeKeys(Screen& screen, ViewState& state) {
  while (const std::optional<KeyPress> press = screen.NextKey()) {
    if (!HandleKey(*press, state)) {
      return false;
    }
  }
  return true;
}

void Show(ApiClient& client, const TopOptions& options, Received shown) {
  const EndSignals signals;
  Screen screen(LocaleCharset());
  Poller poller(client, options, shown);
  ViewState state;
  bool go_on = true;
  while (go_on) {
    screen.Draw(Render(shown, state, screen.Size()));
    go_on = Wait(signals, poller) && TakeKeys(screen, state);
    Received latest = poller.Latest();
    if (!state.paused) {
      shown = std::move(latest);
    }
  }
}

std::size_t TerminalWidth() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kPlainWidth;
}

void PrintOnce(const Bodies& bodies, const TopOptions& options) {
  const Reading reading = ReadingOf(bodies, options.url);
  if (options.json) {
    std::cout << CombinedJson(bodies) << '\n';
  } else {
    std::cout << RenderText(reading, TerminalWidth(), LocaleCharset());
  }
}

}  // namespace
}  // namespace top

int RunTop(const TopOptions& options) {
  // Of characters only: numbers are written the same everywhere.
  std::setlocale(LC_CTYPE, "");  // NOLINT(concurrency-mt-unsafe): before the first thread
  std::signal(SIGPIPE, SIG_IGN);
  top::ApiClient client(options);
  if (options.once) {
    top::PrintOnce(client.Fetch({}), options);
    return std::cout.flush() ? 0 : 1;
  }
  // What is wrong from the start is said in the terminal as it is, and ends it.
  top::Received first;
  try {
    first.reading = top::ReadingOf(client.Fetch({}), options.url);
  } catch (const top::ApiProblem& problem) {
    if (!problem.IsStarting()) {
      throw;
    }
    first = top::Look(client, options.url, {}, {});
  }
  top::Show(client, options, std::move(first));
  return 0;
}

}  // namespace pdtt
