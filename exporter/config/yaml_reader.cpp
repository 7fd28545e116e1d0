// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_reader.h"

#include <algorithm>

#include "config/suggestion.h"

namespace pdtt {
namespace {

std::string_view LastPart(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

[[noreturn]] void RefuseKey(const YamlNode& key, std::string_view section,
                            std::span<const std::string_view> keys) {
  std::vector<std::string_view> known;
  for (const std::string_view candidate : keys) {
    known.push_back(LastPart(candidate));
  }
  const std::string place = section.empty() ? "" : std::string(section) + ": ";
  throw YamlError(key.offset,
                  place + "unknown key " + Quoted(key.text) + "; " + SuggestName(key.text, known));
}

}  // namespace

void WalkSection(const YamlNode& section, std::string_view name,
                 std::span<const std::string_view> keys,
                 const std::function<void(std::size_t key, const YamlNode& value)>& read) {
  if (section.kind == YamlKind::kNull) {
    return;  // all its keys are commented out
  }
  if (section.kind != YamlKind::kMap) {
    throw ValueError("not a section; write keys and values, such as \"" +
                     std::string(LastPart(keys.front())) + ": ...\"");
  }
  for (std::size_t i = 0; i < section.keys.size(); ++i) {
    const YamlNode& node = section.keys[i];
    const auto key = std::ranges::find(keys, std::string_view(node.text), LastPart);
    if (key == keys.end()) {
      RefuseKey(node, name, keys);
    }
    const YamlNode& value = section.items[i];
    try {
      read(static_cast<std::size_t>(key - keys.begin()), value);
    } catch (const NodeError& e) {
      throw YamlError(e.Offset(), std::string(*key) + ": " + e.what());
    } catch (const ValueError& e) {
      throw YamlError(value.offset, std::string(*key) + ": " + e.what());
    }
  }
}

const std::string& ReadText(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::kScalar:
      return node.text;
    case YamlKind::kNull:
      throw ValueError("no value; give one or remove its place");
    case YamlKind::kSequence:
      throw ValueError("a list where one value is wanted; remove the brackets or dashes");
    case YamlKind::kMap:
      throw ValueError("a section where one value is wanted; write the value alone");
  }
  throw ValueError("not a value");
}

std::uint64_t ReadNumber(const YamlNode& node, std::uint64_t lowest, std::uint64_t highest) {
  const std::string& text = ReadText(node);
  if (node.quoted) {
    throw ValueError(Quoted(text) + " is text where a number is wanted; remove the quotes");
  }
  return ParseNumber(text, lowest, highest);
}

bool ReadBool(const YamlNode& node) {
  const std::string& text = ReadText(node);
  if (node.quoted) {
    throw ValueError(Quoted(text) + " is text where true or false is wanted; remove the quotes");
  }
  return ParseBool(text);
}

void CheckListSize(const YamlNode& node, ListSize size) {
  if (node.kind != YamlKind::kSequence) {
    throw ValueError("not a list; write it in brackets, such as [one, two]");
  }
  if (node.items.size() < size.fewest || node.items.size() > size.most) {
    throw ValueError("a list of " + std::to_string(node.items.size()) + "; give " +
                     std::to_string(size.fewest) + " to " + std::to_string(size.most) + " items");
  }
}

}  // namespace pdtt
