// SPDX-License-Identifier: Apache-2.0
// The file of transfer records, one JSON object a line.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "report/record.h"

namespace pdtt {

/// An exporter that died between writing records and saying so in the kernel gets them again. The
/// ids at the end of the file tell which are there already.
class RecordFile {
 public:
  explicit RecordFile(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& Path() const { return path_; }

  [[nodiscard]] Written Write(std::span<const Record> records);

 private:
  void ReadEnd();
  void Remember(std::string_view line);

  std::string path_;
  bool end_read_ = false;
  std::unordered_set<std::string> known_ids_;  ///< at most what the end of the file holds
};

}  // namespace pdtt
