// SPDX-License-Identifier: Apache-2.0
// A strict subset of YAML as a tree: one document of maps, lists and single-line values. yaml-cpp
// ends here.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pdtt {

/// A mistake at a byte offset of the source.
class YamlError : public std::runtime_error {
 public:
  YamlError(std::size_t offset, const std::string& message)
      : std::runtime_error(message), offset_(offset) {}

  [[nodiscard]] std::size_t Offset() const { return offset_; }

 private:
  std::size_t offset_;
};

enum class YamlKind { kNull, kScalar, kSequence, kMap };

struct YamlNode {
  YamlKind kind = YamlKind::kNull;
  std::size_t offset = 0;      ///< where it starts; for a missing value, where its key or list does
  std::string text;            ///< kScalar: the value
  bool quoted = false;         ///< kScalar
  std::vector<YamlNode> keys;  ///< kMap: scalars, all different
  std::vector<YamlNode> items;  ///< kSequence: the items; kMap: the values, one for each key
};

/// The longest source that is accepted.
inline constexpr std::size_t kYamlBytes = std::size_t{1024} * 1024;

/// Without byte order mark, and with line feeds only, so that offsets count what editors count.
/// Throws YamlError if it is too long.
[[nodiscard]] std::string NormalizeYaml(std::string_view source);

enum class YamlBlocks { kRefused, kAllowed };

/// Reads a normalized source. Refuses what lets a file say one thing and mean another: duplicate
/// keys, several documents, anchors, aliases, tags, values over several lines, control characters;
/// and what costs too much: deep nesting, many nodes. Throws YamlError. `blocks` may allow text
/// over several lines as a block that begins with "|".
[[nodiscard]] YamlNode ParseYaml(const std::string& source,
                                 YamlBlocks blocks = YamlBlocks::kRefused);

/// LINE:COLUMN of an offset, both counted from 1, columns in characters.
[[nodiscard]] std::string YamlPlace(std::string_view source, std::size_t offset);

}  // namespace pdtt
