// SPDX-License-Identifier: Apache-2.0
#include "collect/subuid_owners.h"

#include <fstream>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

#include "collect/passwd_entry.h"

namespace pdtt {
namespace {

std::optional<SubuidRange> ParseLine(const std::string& line, const SubuidOwners::UidOf& uid_of) {
  const std::size_t first_colon = line.find(':');
  const std::size_t last_colon = line.rfind(':');
  if (first_colon == std::string::npos || first_colon == last_colon) {
    return std::nullopt;
  }
  const auto first =
      ToUid(std::string_view{line}.substr(first_colon + 1, last_colon - first_colon - 1));
  const auto count = ToUid(std::string_view{line}.substr(last_colon + 1));
  if (!first || !count || *count == 0 || *count > kKernelUid - *first) {
    return std::nullopt;
  }
  const auto owner = uid_of(line.substr(0, first_colon));
  return owner ? std::optional{SubuidRange{*first, *first + (*count - 1), *owner}} : std::nullopt;
}

std::vector<SubuidRange> ReadRanges(const std::filesystem::path& file,
                                    const SubuidOwners::UidOf& uid_of) {
  std::vector<SubuidRange> ranges;
  std::ifstream lines{file};
  for (std::string line; std::getline(lines, line);) {
    if (const auto range = ParseLine(line, uid_of)) {
      ranges.push_back(*range);
    }
  }
  return ranges;
}

}  // namespace

std::optional<std::uint32_t> UidOfUser(const std::string& name_or_uid) {
  if (const auto uid = ToUid(name_or_uid)) {
    return uid;
  }
  if (name_or_uid == "root") {
    return 0;  // of whom no name service need be asked
  }
  try {
    if (const auto entry = FindPasswdEntry(name_or_uid)) {
      return entry->uid;
    }
  } catch (const std::system_error&) {
    // A name service that fails knows no such user.
  }
  return name_or_uid == kKernelName ? std::optional{kKernelUid} : std::nullopt;
}

class SubuidOwners::Reader : public Lookups {
 public:
  Reader(std::filesystem::path file, UidOf uid_of)
      : file_(std::move(file)), uid_of_(std::move(uid_of)) {}

  void Want() {
    std::unique_lock lock{mutex_};
    ++wanted_;
    changed_.notify_all();
    changed_.wait_for(lock, kLookupPatience, [&] { return read_ == wanted_; });
  }

  std::optional<std::vector<SubuidRange>> Take() {
    const std::scoped_lock lock{mutex_};
    return std::exchange(ranges_, std::nullopt);
  }

  void Serve(std::unique_lock<std::mutex>& lock) override {
    changed_.wait(lock, [&] { return stopping_ || read_ != wanted_; });
    if (stopping_) {
      return;
    }
    const std::uint64_t version = wanted_;
    lock.unlock();
    std::vector<SubuidRange> ranges = ReadRanges(file_, uid_of_);
    lock.lock();
    ranges_ = std::move(ranges);
    read_ = version;
    changed_.notify_all();
  }

 private:
  const std::filesystem::path file_;
  const UidOf uid_of_;
  std::uint64_t wanted_ = 0;  ///< readings so far, and the last one that is there
  std::uint64_t read_ = 0;
  std::optional<std::vector<SubuidRange>> ranges_;  ///< until they are taken
};

SubuidOwners::SubuidOwners(std::filesystem::path file, UidOf uid_of)
    : file_(std::move(file)),
      reader_(std::make_shared<Reader>(file_, std::move(uid_of))),
      thread_(reader_) {}

bool SubuidOwners::Refresh() {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(file_, error);
  const auto changed_at = error ? std::filesystem::file_time_type::max() : time;  // no file
  if (changed_at != changed_at_) {
    changed_at_ = changed_at;
    reader_->Want();
  }
  auto ranges = reader_->Take();
  if (!ranges) {
    return false;
  }
  ranges_ = *std::move(ranges);
  return true;
}

std::uint32_t SubuidOwners::OwnerOf(std::uint32_t uid) const {
  for (const SubuidRange& range : ranges_) {
    if (uid >= range.first && uid <= range.last) {
      return range.owner;
    }
  }
  return uid;
}

}  // namespace pdtt
