// SPDX-License-Identifier: Apache-2.0
#include "config/networks.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string_view>
#include <utility>

#include "config/address.h"
#include "config/yaml_reader.h"

namespace pdtt {
namespace {

constexpr std::size_t kMostNetworks = 16;
constexpr std::size_t kLongestName = 32;
constexpr std::size_t kMostPrefixes = 1024;  // what the kernel's table holds
constexpr std::string_view kCatchAlls[] = {"0.0.0.0/0", "::/0"};

Network MakeNetwork(std::string_view name, std::initializer_list<std::string_view> prefixes) {
  Network network{std::string(name), {}};
  for (const std::string_view prefix : prefixes) {
    network.prefixes.push_back(ParsePrefix(prefix));
  }
  return network;
}

void CheckName(const YamlNode& key) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (key.text.empty() || key.text.size() > kLongestName ||
      !std::ranges::all_of(key.text, allowed)) {
    throw NodeError(key, Quoted(key.text) + " is not a network's name; use 1 to " +
                             std::to_string(kLongestName) + " of a-z, 0-9, '_' and '-'");
  }
}

/// Collects networks and knows which of them holds a prefix.
class NetworkTable {
 public:
  void Add(const YamlNode& key, const YamlNode& prefixes) {
    CheckName(key);
    try {
      networks_.push_back(
          {key.text, ReadList(prefixes, {.fewest = 1, .most = kMostPrefixes}, ParsePrefix)});
    } catch (const NodeError&) {
      throw;
    } catch (const ValueError& e) {
      throw NodeError(prefixes, Quoted(key.text) + " is " + e.what());
    }
    for (std::size_t i = 0; i < prefixes.items.size(); ++i) {
      AddPrefix(prefixes.items[i], networks_.back().prefixes[i]);
    }
  }

  void CheckCatchAlls() const {
    for (const std::string_view prefix : kCatchAlls) {
      if (!owners_.contains(ToKey(ParsePrefix(prefix)))) {
        throw ValueError("no network holds every other address; add \"" + std::string(prefix) +
                         "\" to one of them");
      }
    }
  }

  [[nodiscard]] std::vector<Network> Take() { return std::move(networks_); }

 private:
  using PrefixKey = std::pair<IpAddress, std::uint8_t>;

  static PrefixKey ToKey(const Prefix& prefix) { return {prefix.address, prefix.length}; }

  void AddPrefix(const YamlNode& item, const Prefix& prefix) {
    const auto [owner, inserted] = owners_.emplace(ToKey(prefix), networks_.back().name);
    if (!inserted) {
      throw NodeError(item, Quoted(item.text) + " is already in the network " +
                                Quoted(owner->second) + "; remove one of them");
    }
    if (owners_.size() > kMostPrefixes) {
      throw NodeError(item, "more than " + std::to_string(kMostPrefixes) +
                                " prefixes in all; join some of them");
    }
  }

  std::vector<Network> networks_;
  std::map<PrefixKey, std::string> owners_;
};

}  // namespace

std::vector<Network> DefaultNetworks() {
  return {MakeNetwork("loopback", {"127.0.0.0/8", "::1/128"}),
          MakeNetwork("private", {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                                  "fc00::/7", "fe80::/10"}),
          MakeNetwork("internet", {"0.0.0.0/0", "::/0"})};
}

std::vector<Network> ReadNetworks(const YamlNode& node) {
  if (node.kind != YamlKind::kMap || node.keys.empty() || node.keys.size() > kMostNetworks) {
    throw ValueError("not 1 to " + std::to_string(kMostNetworks) +
                     " networks; write each as \"name: [prefix, prefix]\"");
  }
  NetworkTable table;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    table.Add(node.keys[i], node.items[i]);
  }
  table.CheckCatchAlls();
  return table.Take();
}

}  // namespace pdtt
