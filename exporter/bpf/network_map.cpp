// SPDX-License-Identifier: Apache-2.0
#include "bpf/network_map.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <stdexcept>

#include "bpf/error.h"
#include "bpf/map_reader.h"
#include "pdtt_abi.h"

namespace pdtt {
namespace {

bool operator<(const pdtt_lpm_key& one, const pdtt_lpm_key& other) {
  return std::memcmp(&one, &other, sizeof(one)) < 0;
}

struct LessKey {
  bool operator()(const pdtt_lpm_key& one, const pdtt_lpm_key& other) const { return one < other; }
};

std::vector<pdtt_lpm_key> Keys(int fd) {
  std::vector<pdtt_lpm_key> keys;
  ForEachEntrySlowly<pdtt_lpm_key, std::uint32_t>(
      fd, [&keys](const pdtt_lpm_key& key, std::uint32_t) { keys.push_back(key); });
  return keys;
}

}  // namespace

std::vector<std::string> NetworkMap::ReadNames() const {
  std::vector<std::string> names;
  for (std::uint32_t number = 0; number < PDTT_MAX_NETWORKS; ++number) {
    pdtt_network_name value{};
    if (bpf_map_lookup_elem(names_fd_, &number, &value) != 0 || value.name[0] == '\0') {
      break;
    }
    names.emplace_back(value.name, strnlen(value.name, sizeof(value.name)));
  }
  return names;
}

void NetworkMap::WriteName(std::uint32_t number, const std::string& name) const {
  pdtt_network_name value{};
  if (name.size() > sizeof(value.name)) {
    throw std::runtime_error("networks: the name " + name + " is too long");
  }
  std::copy(name.begin(), name.end(), std::begin(value.name));
  if (const int error = bpf_map_update_elem(names_fd_, &number, &value, BPF_ANY); error != 0) {
    ThrowBpf(error, "fill network_names");
  }
}

// New prefixes before the old ones go, so that no address is without a class in between.
std::vector<std::string> NetworkMap::Set(const std::vector<NamedPrefixes>& networks) {
  std::vector<std::string> names = ReadNames();
  const std::size_t known = names.size();
  std::map<pdtt_lpm_key, std::uint32_t, LessKey> wanted;
  for (const NamedPrefixes& network : networks) {
    const auto found = std::find(names.begin(), names.end(), network.name);
    const auto number = static_cast<std::uint32_t>(found - names.begin());
    if (found == names.end()) {
      names.push_back(network.name);
    }
    for (const auto& [address, length] : network.prefixes) {
      pdtt_lpm_key key{.prefix_len = length, .addr = {}};
      std::copy(address.begin(), address.end(), std::begin(key.addr));
      wanted.insert_or_assign(key, number);
    }
  }
  if (names.size() > PDTT_MAX_NETWORKS) {
    throw std::runtime_error("networks: no room for " + names.back() + ": " +
                             std::to_string(PDTT_MAX_NETWORKS) +
                             " names have been in use since counting began; keep to one of those, "
                             "or begin anew (pdtt-exporter detach)");
  }
  for (std::size_t number = known; number < names.size(); ++number) {
    WriteName(static_cast<std::uint32_t>(number), names[number]);
  }
  for (const auto& [key, number] : wanted) {
    if (const int error = bpf_map_update_elem(prefixes_fd_, &key, &number, BPF_ANY); error != 0) {
      ThrowBpf(error, "fill network_map");
    }
  }
  for (const pdtt_lpm_key& key : Keys(prefixes_fd_)) {
    if (!wanted.contains(key)) {
      bpf_map_delete_elem(prefixes_fd_, &key);
    }
  }
  return names;
}

void CopyNetworkNames(int from_fd, int to_fd) {
  for (std::uint32_t number = 0; number < PDTT_MAX_NETWORKS; ++number) {
    pdtt_network_name value{};
    if (bpf_map_lookup_elem(from_fd, &number, &value) == 0) {
      bpf_map_update_elem(to_fd, &number, &value, BPF_ANY);
    }
  }
}

}  // namespace pdtt
