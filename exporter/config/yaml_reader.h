// SPDX-License-Identifier: Apache-2.0
// From YAML nodes to typed values: a table of keys says what a map may hold.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/values.h"
#include "config/yaml_document.h"

namespace pdtt {

/// A ValueError of a node within the value that is being read, such as one item of a list.
class NodeError : public ValueError {
 public:
  NodeError(const YamlNode& node, const std::string& message)
      : ValueError(message), offset_(node.offset) {}

  [[nodiscard]] std::size_t Offset() const { return offset_; }

 private:
  std::size_t offset_;
};

template <typename Draft>
struct KeyOf {
  std::string_view name;  ///< with the sections it stands in: limits.accounts
  /// Puts the value into the draft; throws ValueError.
  void (*read)(const YamlNode& value, Draft& draft);
};

using Key = KeyOf<Config>;

/// Hands the values of a section to `read`, in the file's order, with the index of their key.
/// Throws YamlError with the key's full name.
void WalkSection(const YamlNode& section, std::string_view name,
                 std::span<const std::string_view> keys,
                 const std::function<void(std::size_t key, const YamlNode& value)>& read);

/// Reads a section in the file's order. Throws YamlError with the key's full name.
template <typename Draft, std::size_t kCount>
void ReadSection(const YamlNode& section, std::string_view name, const KeyOf<Draft> (&keys)[kCount],
                 Draft& draft) {
  std::vector<std::string_view> names;
  for (const KeyOf<Draft>& key : keys) {
    names.push_back(key.name);
  }
  WalkSection(section, name, names,
              [&](std::size_t key, const YamlNode& value) { keys[key].read(value, draft); });
}

[[nodiscard]] const std::string& ReadText(const YamlNode& node);
[[nodiscard]] std::uint64_t ReadNumber(const YamlNode& node, std::uint64_t lowest,
                                       std::uint64_t highest);
[[nodiscard]] bool ReadBool(const YamlNode& node);

struct ListSize {
  std::size_t fewest = 0;
  std::size_t most = 0;
};

void CheckListSize(const YamlNode& node, ListSize size);

/// Reads a list whose items all differ.
template <typename Parse>
[[nodiscard]] auto ReadList(const YamlNode& node, ListSize size, Parse parse) {
  CheckListSize(node, size);
  std::vector<decltype(parse(std::string_view{}))> values;
  for (const YamlNode& item : node.items) {
    try {
      AddDistinct(values, parse(ReadText(item)), item.text);
    } catch (const ValueError& e) {
      throw NodeError(item, e.what());
    }
  }
  return values;
}

}  // namespace pdtt
