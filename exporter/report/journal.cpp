// SPDX-License-Identifier: Apache-2.0
#include "report/journal.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace pdtt {
namespace {

constexpr timeval kPatience = {1, 0};

[[noreturn]] void Throw(int error, const std::string& what) {
  throw std::system_error(error, std::system_category(), what);
}

// Field name, line end, size in 64 bits little-endian, value, line end: the form for values that
// may hold line ends.
void AddField(std::string& entry, std::string_view name, std::string_view value) {
  entry.append(name).push_back('\n');
  for (unsigned shift = 0; shift < 64; shift += 8) {
    entry.push_back(static_cast<char>(std::uint64_t{value.size()} >> shift & 0xffU));
  }
  entry.append(value).push_back('\n');
}

std::string Entry(const Record& record) {
  std::string entry;
  AddField(entry, "MESSAGE", std::string_view{record.line}.substr(0, record.line.size() - 1));
  AddField(entry, "PRIORITY", "6");
  AddField(entry, "SYSLOG_IDENTIFIER", "pdtt-exporter");
  AddField(entry, "PDTT_RECORD_ID", record.id);
  AddField(entry, "PDTT_USER", record.user);
  AddField(entry, "PDTT_UID", std::to_string(record.uid));
  return entry;
}

}  // namespace

Journal::Journal(std::string socket) : path_(std::move(socket)) {}

Written Journal::Write(std::span<const Record> records) {
  std::size_t done = 0;
  try {
    for (; done < records.size(); ++done) {
      Send(Entry(records[done]));
    }
    return {done, ""};
  } catch (const std::system_error& error) {
    return {done, error.what()};
  }
}

void Journal::Send(const std::string& entry) {
  if (!socket_) {
    UniqueFd made{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    // A journal that hangs is an error like any other.
    if (!made ||
        setsockopt(made.Get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience)) != 0) {
      Throw(errno, "make a socket for the journal");
    }
    socket_ = std::move(made);
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path)) {
    Throw(ENAMETOOLONG, "write to the journal at " + path_);
  }
  std::copy(path_.begin(), path_.end(), address.sun_path);
  // Addressed each time, so that a journal that was started again gets it.
  if (sendto(socket_.Get(), entry.data(), entry.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
    Throw(errno, "write to the journal at " + path_);
  }
}

}  // namespace pdtt
