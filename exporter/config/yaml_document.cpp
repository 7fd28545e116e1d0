// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "config/utf8.h"
#include "config/values.h"

namespace pdtt {
namespace {

constexpr std::size_t kDeepest = 16;
constexpr std::size_t kMostNodes = 10'000;

std::size_t Offset(const YAML::Mark& mark) {
  return static_cast<std::size_t>(std::max(mark.pos, 0));
}

/// Whether the quoted text that starts at `offset` also ends on that line.
bool QuoteEndsOnItsLine(std::string_view source, std::size_t offset) {
  const char quote = source[offset];
  for (std::size_t i = offset + 1; i < source.size() && source[i] != '\n'; ++i) {
    const bool doubled = quote == '\'' && source.substr(i, 2) == "''";
    if (doubled || (quote == '"' && source[i] == '\\' && source.substr(i + 1, 1) != "\n")) {
      ++i;
    } else if (source[i] == quote) {
      return true;
    }
  }
  return false;
}

/// Builds the tree from yaml-cpp's events. Its own tree would lose duplicate keys and follow
/// aliases.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view source, YamlBlocks blocks) : source_(source), blocks_(blocks) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) {
      throw YamlError(Offset(mark), "a second document starts here; keep everything in one");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(NewNode(YamlKind::kNull, mark, "", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw YamlError(Offset(mark), "an alias (*) is not allowed; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Add(NewScalar(mark, tag, anchor, value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(NewNode(YamlKind::kSequence, mark, tag, anchor));
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(NewNode(YamlKind::kMap, mark, tag, anchor));
  }
  void OnMapEnd() override { Close(); }

  [[nodiscard]] YamlNode TakeRoot() { return std::move(root_); }

 private:
  struct OpenNode {
    YamlNode node;
    std::map<std::string, std::size_t, std::less<>> key_offsets;
  };

  YamlNode NewNode(YamlKind kind, const YAML::Mark& mark, const std::string& tag,
                   YAML::anchor_t anchor) {
    const std::size_t offset = Offset(mark);
    if (++nodes_ > kMostNodes) {
      throw YamlError(offset, "more than " + std::to_string(kMostNodes) +
                                  " values; a configuration needs far fewer");
    }
    if (anchor != YAML::NullAnchor) {
      throw YamlError(offset, "an anchor (&) is not allowed; remove it");
    }
    // "?" is yaml-cpp's word for no tag.
    if (!tag.empty() && tag != "?") {
      throw YamlError(offset, "a tag (!) is not allowed; remove it");
    }
    YamlNode node;
    node.kind = kind;
    node.offset = offset;
    return node;
  }

  YamlNode NewScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                     const std::string& value) {
    const std::size_t offset = Offset(mark);
    const char first = offset < source_.size() ? source_[offset] : '\n';
    const bool quoted = first == '"' || first == '\'';
    const bool block = first == '|' && blocks_ == YamlBlocks::kAllowed;
    if ((first == '|' && !block) || first == '>') {
      throw YamlError(offset, "text over several lines is not allowed; write it on one line");
    }
    // yaml-cpp gives quoted text and blocks the tag "!", which an explicit "!" gives as well.
    const bool own_tag = (quoted || block) && tag == "!";
    YamlNode node = NewNode(YamlKind::kScalar, mark, own_tag ? "" : tag, anchor);
    // yaml-cpp takes an open quote at the end of the file for closed: a forgotten one would swallow
    // the rest of the file.
    if (quoted && !QuoteEndsOnItsLine(source_, offset)) {
      throw YamlError(offset, "the quote does not end on this line; close it");
    }
    if (!quoted && !block && source_.substr(offset, value.size()) != value) {
      throw YamlError(offset, "the value goes on in the next line; write it on one line");
    }
    if (FindBadCharacter(value)) {
      throw YamlError(offset, "a control character in the value; remove it");
    }
    node.text = value;
    node.quoted = quoted || block;
    return node;
  }

  void Open(YamlNode node) {
    if (open_.size() >= kDeepest) {
      throw YamlError(node.offset, "nested deeper than " + std::to_string(kDeepest) +
                                       " levels; a configuration needs 3");
    }
    if (AtKey()) {
      RefuseKey(node.offset);
    }
    open_.push_back({std::move(node), {}});
  }

  void Close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    Add(std::move(node));
  }

  void Add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (AtKey()) {
      AddKey(std::move(node));
    } else {
      YamlNode& parent = open_.back().node;
      if (node.kind == YamlKind::kNull) {
        // yaml-cpp's mark is where the missing value was noticed, often on a later line.
        node.offset = parent.kind == YamlKind::kMap ? parent.keys.back().offset : parent.offset;
      }
      parent.items.push_back(std::move(node));
    }
  }

  [[nodiscard]] bool AtKey() const {
    return !open_.empty() && open_.back().node.kind == YamlKind::kMap &&
           open_.back().node.keys.size() == open_.back().node.items.size();
  }

  void AddKey(YamlNode key) {
    if (key.kind != YamlKind::kScalar) {
      RefuseKey(key.offset);
    }
    const auto [first, inserted] = open_.back().key_offsets.emplace(key.text, key.offset);
    if (!inserted) {
      throw YamlError(key.offset, "the key " + Quoted(key.text) + " is already at " +
                                      YamlPlace(source_, first->second) + "; remove one of them");
    }
    open_.back().node.keys.push_back(std::move(key));
  }

  [[noreturn]] static void RefuseKey(std::size_t offset) {
    throw YamlError(
        offset, "not a key; write \"key: value\", and quote text that holds brackets or colons");
  }

  std::string_view source_;
  YamlBlocks blocks_;
  bool started_ = false;
  std::size_t nodes_ = 0;
  std::vector<OpenNode> open_;
  YamlNode root_;
};

}  // namespace

std::string NormalizeYaml(std::string_view source) {
  if (source.size() > kYamlBytes) {
    throw YamlError(0, "larger than 1 MiB; a configuration needs far less");
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (source.starts_with(kByteOrderMark)) {
    source.remove_prefix(kByteOrderMark.size());
  }
  std::string normalized;
  normalized.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source.substr(i, 2) != "\r\n") {
      normalized.push_back(source[i]);
    }
  }
  return normalized;
}

YamlNode ParseYaml(const std::string& source, YamlBlocks blocks) {
  // yaml-cpp takes some control characters for the end of the file and decodes UTF-16 silently.
  if (const std::optional<std::size_t> bad = FindBadCharacter(source)) {
    throw YamlError(*bad, "not a character of UTF-8 text; save the file as plain UTF-8");
  }
  std::istringstream stream(source);
  TreeBuilder builder(source, blocks);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    throw YamlError(Offset(e.mark), "not valid YAML (" + Printable(e.msg) + "); correct it here");
  }
  return builder.TakeRoot();
}

std::string YamlPlace(std::string_view source, std::size_t offset) {
  const std::string_view before = source.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 where there is no line feed
  const auto is_first_byte = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  };
  return std::to_string(std::ranges::count(before, '\n') + 1) + ':' +
         std::to_string(std::ranges::count_if(before.substr(line_start), is_first_byte) + 1);
}

}  // namespace pdtt
