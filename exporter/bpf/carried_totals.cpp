// SPDX-License-Identifier: Apache-2.0
#include "bpf/carried_totals.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bpf/account_reader.h"
#include "bpf/error.h"
#include "bpf/map_reader.h"
#include "bpf/unique_fd.h"
#include "pdtt_abi.h"

namespace pdtt {
namespace {

// Programs run for microseconds, unless their CPU preempts them in process context.
constexpr auto kRest = std::chrono::milliseconds{20};
constexpr int kMostRests = 50;

/// A number in a struct.
struct Field {
  std::size_t offset = 0;
  std::size_t size = 0;
};
using Fields = std::map<std::string, Field>;
using Bytes = std::vector<std::byte>;

struct FreeBtf {
  void operator()(btf* types) const noexcept { btf__free(types); }
};

void Flatten(const btf& types, std::uint32_t id, const std::string& prefix, std::size_t offset,
             Fields& fields) {
  const int resolved = btf__resolve_type(&types, id);
  if (resolved < 0) {
    return;
  }
  const btf_type* type = btf__type_by_id(&types, static_cast<std::uint32_t>(resolved));
  if (!btf_is_struct(type)) {
    const std::int64_t size = btf__resolve_size(&types, id);
    if (size > 0) {
      fields[prefix] = {offset, static_cast<std::size_t>(size)};
    }
    return;
  }
  const std::span members{btf_members(type), btf_vlen(type)};
  for (std::uint32_t i = 0; i < members.size(); ++i) {
    const std::string name = btf__name_by_offset(&types, members[i].name_off);
    const std::string path = prefix.empty() ? name : std::string{prefix}.append(".").append(name);
    Flatten(types, members[i].type, path, offset + btf_member_bit_offset(type, i) / 8, fields);
  }
}

/// A map whose key and value are described by BTF.
class DescribedMap {
 public:
  explicit DescribedMap(const std::filesystem::path& pin)
      : pin_(pin), fd_(bpf_obj_get(pin.c_str())) {
    if (!fd_) {
      ThrowBpf(errno, "open " + pin.string());
    }
    __u32 size = sizeof(info_);
    if (const int error = bpf_obj_get_info_by_fd(fd_.Get(), &info_, &size); error != 0) {
      ThrowBpf(error, "look at " + pin.string());
    }
    const std::unique_ptr<btf, FreeBtf> types{btf__load_from_kernel_by_id(info_.btf_id)};
    if (!types) {
      throw std::runtime_error(pin.string() + " does not say how its values are laid out (BTF)");
    }
    Flatten(*types, info_.btf_key_type_id, "", 0, key_);
    Flatten(*types, info_.btf_value_type_id, "", 0, value_);
  }

  [[nodiscard]] int Fd() const { return fd_.Get(); }
  [[nodiscard]] const bpf_map_info& Info() const { return info_; }

  /// 0 where the struct has no such field.
  [[nodiscard]] std::uint64_t Key(const Bytes& key, const std::string& field) const {
    return Number(key, key_, field);
  }
  [[nodiscard]] std::uint64_t Value(const Bytes& value, const std::string& field) const {
    return Number(value, value_, field);
  }

  /// The value of the element as if it were the only CPU's.
  [[nodiscard]] Bytes SumOfElement(std::uint32_t index) const {
    const std::size_t words = info_.value_size / sizeof(std::uint64_t);
    std::vector<std::uint64_t> sums(words);
    if (!PerCpuCounters{fd_.Get(), words}.Read(index, sums)) {
      ThrowBpf(errno, "read " + pin_.string());
    }
    Bytes bytes(sums.size() * sizeof(std::uint64_t));
    std::memcpy(bytes.data(), sums.data(), bytes.size());
    return bytes;
  }

  [[nodiscard]] std::vector<Bytes> Keys() const {
    std::vector<Bytes> keys;
    Bytes key(info_.key_size);
    while (keys.size() <= info_.max_entries &&
           bpf_map_get_next_key(fd_.Get(), keys.empty() ? nullptr : keys.back().data(),
                                key.data()) == 0) {
      keys.push_back(key);
    }
    return keys;
  }

  [[nodiscard]] Bytes At(const void* key) const {
    Bytes value(info_.value_size);
    if (const int error = bpf_map_lookup_elem(fd_.Get(), key, value.data()); error != 0) {
      ThrowBpf(error, "read " + pin_.string());
    }
    return value;
  }

 private:
  static std::uint64_t Number(const Bytes& bytes, const Fields& fields, const std::string& name) {
    const auto found = fields.find(name);
    std::uint64_t number = 0;
    if (found != fields.end() && found->second.size <= sizeof(number) &&
        found->second.offset + found->second.size <= bytes.size()) {
      std::memcpy(&number, &bytes[found->second.offset], found->second.size);  // little endian
    }
    return number;
  }

  std::filesystem::path pin_;
  UniqueFd fd_;
  bpf_map_info info_{};
  Fields key_;
  Fields value_;
};

void Add(pdtt_traffic& to, const DescribedMap& map, const Bytes& value, const std::string& name) {
  to.rx_bytes += map.Value(value, name + ".rx_bytes");
  to.tx_bytes += map.Value(value, name + ".tx_bytes");
  to.rx_packets += map.Value(value, name + ".rx_packets");
  to.tx_packets += map.Value(value, name + ".tx_packets");
}

void Add(pdtt_account& to, const DescribedMap& map, const Bytes& value) {
  Add(to.traffic, map, value, "traffic");
  Add(to.traffic, map, value, "meanwhile");
  to.socket_rx_bytes += map.Value(value, "socket_rx_bytes");
  to.socket_tx_bytes += map.Value(value, "socket_tx_bytes");
  to.opened_inbound += map.Value(value, "opened_inbound");
  to.opened_outbound += map.Value(value, "opened_outbound");
  to.closed += map.Value(value, "closed");
  to.retransmits += map.Value(value, "retransmits");
}

void Add(pdtt_host& to, const DescribedMap& map, const Bytes& value) {
  Add(to.all, map, value, "all");
  Add(to.all, map, value, "all_meanwhile");
  Add(to.no_socket, map, value, "no_socket");
  Add(to.table_full, map, value, "table_full");
  Add(to.nested, map, value, "nested");
  to.handovers += map.Value(value, "handovers");
}

struct LessAccount {
  bool operator()(const pdtt_account_key& one, const pdtt_account_key& other) const {
    return std::memcmp(&one, &other, sizeof(one)) < 0;
  }
};
using Accounts = std::map<pdtt_account_key, pdtt_account, LessAccount>;

pdtt_account_key AccountKey(const DescribedMap& map, const Bytes& key) {
  return {.uid = static_cast<std::uint32_t>(map.Key(key, "uid")),
          .network = static_cast<std::uint32_t>(map.Key(key, "network")),
          .protocol = static_cast<std::uint32_t>(map.Key(key, "protocol"))};
}

Accounts ReadAccounts(const std::filesystem::path& tables) {
  const DescribedMap slots{tables / "account_map"};
  const DescribedMap counters{tables / "user_stats_map"};
  const DescribedMap carried{tables / "carried_map"};
  const std::uint32_t bank_size = counters.Info().max_entries / PDTT_BANKS;
  Accounts accounts;
  for (const Bytes& key : slots.Keys()) {
    pdtt_account& account = accounts[AccountKey(slots, key)];
    std::uint32_t slot = 0;
    std::memcpy(&slot, slots.At(key.data()).data(), sizeof(slot));
    for (std::uint32_t bank = 0; bank < PDTT_BANKS && slot < bank_size; ++bank) {
      Add(account, counters, counters.SumOfElement(bank * bank_size + slot));
    }
  }
  for (const Bytes& key : carried.Keys()) {
    Add(accounts[AccountKey(carried, key)], carried, carried.At(key.data()));
  }
  return accounts;
}

pdtt_host ReadHost(const std::filesystem::path& tables) {
  const DescribedMap counters{tables / "host_stats_map"};
  const DescribedMap carried{tables / "carried_host"};
  const std::uint32_t only = 0;
  pdtt_host host{};
  for (std::uint32_t bank = 0; bank < counters.Info().max_entries; ++bank) {
    Add(host, counters, counters.SumOfElement(bank));
  }
  Add(host, carried, carried.At(&only));
  return host;
}

// A program adds to the host's totals first, to an account last.
pdtt_host WaitForRest(const std::filesystem::path& tables) {
  pdtt_host before = ReadHost(tables);
  for (int i = 0; i < kMostRests; ++i) {
    std::this_thread::sleep_for(kRest);
    const pdtt_host now = ReadHost(tables);
    if (std::memcmp(&before, &now, sizeof(now)) == 0) {
      break;
    }
    before = now;
  }
  return before;
}

}  // namespace

void CarryTotals(const OldTables& from, int carried_map, int carried_host) {
  const pdtt_host host = WaitForRest(from.directory);
  const std::uint32_t only = 0;
  for (auto& [key, account] : ReadAccounts(from.directory)) {
    if (!from.same_sockets) {
      account.closed = account.opened_inbound + account.opened_outbound;
    }
    if (const int error = bpf_map_update_elem(carried_map, &key, &account, BPF_ANY); error != 0) {
      ThrowBpf(error, "carry the totals of an account over");
    }
  }
  if (const int error = bpf_map_update_elem(carried_host, &only, &host, BPF_ANY); error != 0) {
    ThrowBpf(error, "carry the host's totals over");
  }
}

AccountsReading ReadCarried(int carried_map, int carried_host) {
  AccountsReading carried;
  ForEachEntrySlowly<pdtt_account_key, pdtt_account>(
      carried_map, [&carried](const pdtt_account_key& key, const pdtt_account& account) {
        carried.accounts.push_back(ToAccount(key, account));
      });
  const std::uint32_t only = 0;
  pdtt_host host{};
  if (bpf_map_lookup_elem(carried_host, &only, &host) == 0) {
    carried.host = ToHost(host);
  }
  return carried;
}

}  // namespace pdtt
