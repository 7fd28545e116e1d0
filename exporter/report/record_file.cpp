// SPDX-License-Identifier: Apache-2.0
#include "report/record_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "report/append.h"

namespace pdtt {
namespace {

// More than the records of all events that the kernel's ring buffer has room for.
constexpr off_t kEnd = 8 << 20;

[[noreturn]] void Throw(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

off_t SizeOf(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    Throw("read the size of the records");
  }
  return status.st_size;
}

std::string ReadFrom(int fd, off_t offset, off_t end) {
  std::string text(static_cast<std::size_t>(end - offset), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size =
        pread(fd, text.data() + done, text.size() - done, offset + static_cast<off_t>(done));
    if (size < 0 && errno != EINTR) {
      Throw("read the records");
    }
    if (size == 0) {
      break;
    }
    done += size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  text.resize(done);
  return text;
}

bool BeginsLikeARecord(std::string_view line) {
  return line.starts_with(kRecordStart.substr(0, line.size()));
}

}  // namespace

Written RecordFile::Write(std::span<const Record> records) try {
  if (!end_read_) {
    ReadEnd();
    end_read_ = true;
  }
  std::string text;
  std::vector<std::size_t> ends;
  for (const Record& record : records) {
    if (!known_ids_.contains(record.id)) {
      text += record.line;
    }
    ends.push_back(text.size());
  }
  if (text.empty()) {
    return {records.size(), ""};
  }
  const Appended appended = Append(path_, text, "\n");
  const auto done = std::upper_bound(ends.begin(), ends.end(), appended.bytes) - ends.begin();
  return {static_cast<std::size_t>(done), appended.error};
} catch (const std::system_error& error) {
  return {0, error.what()};
}

void RecordFile::ReadEnd() {
  const UniqueFd file = OpenForAppend(path_);
  const off_t size = SizeOf(file.Get());
  const std::string text = ReadFrom(file.Get(), std::max<off_t>(size - kEnd, 0), size);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, length);
    const bool torn = length == rest.size() && !nlohmann::json::accept(line);
    if (!torn) {
      Remember(line);
    } else if (BeginsLikeARecord(line) &&
               ftruncate(file.Get(), size - static_cast<off_t>(line.size())) != 0) {
      Throw("remove half a record from " + path_);
    }
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
}

void RecordFile::Remember(std::string_view line) {
  if (line.starts_with(kRecordStart)) {
    line.remove_prefix(kRecordStart.size());
    known_ids_.emplace(line.substr(0, line.find('"')));
  }
}

}  // namespace pdtt
