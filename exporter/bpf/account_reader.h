// SPDX-License-Identifier: Apache-2.0
// Reads accounts and host totals as one consistent cut: sum of the parts == total, to the byte.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "bpf/map_reader.h"
#include "model/reading.h"
#include "pdtt_abi.h"

namespace pdtt {

[[nodiscard]] AccountReading ToAccount(const pdtt_account_key& key, const pdtt_account& account);
[[nodiscard]] HostReading ToHost(const pdtt_host& host);

/// The programs add each packet to one of two banks. A reading makes the other bank active and
/// waits until the first has come to rest, which shows in its sums: a program adds to the total
/// first and to the account last. What a straggler adds later is in the next reading.
class AccountReader {
 public:
  struct Maps {
    int accounts;
    int account_counters;
    int host_counters;
  };

  /// `adopted` is the bank that the programs of an earlier process add to; unset: nobody has
  /// counted yet.
  AccountReader(const Maps& maps, std::uint32_t capacity, std::optional<std::uint32_t> adopted,
                std::function<void(std::uint32_t)> activate_bank);

  /// Empty if the kernel gave an error. An unbalanced reading is returned as it is after a bounded
  /// wait: then something is wrong, and the published sums must show it.
  [[nodiscard]] std::optional<AccountsReading> Read();

  /// Accounts by slot, as of the last reading.
  [[nodiscard]] const std::vector<pdtt_account_key>& Keys() const { return keys_; }

 private:
  struct Bank {
    std::vector<std::uint64_t> accounts;
    std::array<std::uint64_t, sizeof(pdtt_host) / sizeof(std::uint64_t)> host{};
  };

  [[nodiscard]] bool ReadKeys();
  [[nodiscard]] bool ReadBank(std::uint32_t bank);
  [[nodiscard]] bool Balanced(const Bank& bank) const;

  Maps maps_;
  std::uint32_t capacity_;
  std::function<void(std::uint32_t)> activate_bank_;
  PerCpuCounters account_counters_;
  PerCpuCounters host_counters_;
  std::uint32_t active_;
  bool knows_both_;  ///< a reading refreshes what is known of one bank
  std::array<Bank, PDTT_BANKS> banks_;
  std::vector<pdtt_account_key> keys_;
};

}  // namespace pdtt
