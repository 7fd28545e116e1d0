// SPDX-License-Identifier: Apache-2.0
#include "bpf/account_reader.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "bpf/connection_record.h"

namespace pdtt {
namespace {

constexpr std::size_t kAccountWords = sizeof(pdtt_account) / sizeof(std::uint64_t);

// Programs run for microseconds, unless their CPU preempts them in process context.
constexpr auto kFirstWait = std::chrono::microseconds{20};
constexpr auto kLongestWait = std::chrono::milliseconds{200};

static_assert(kKernelUid == PDTT_KERNEL_UID);

Traffic ToTraffic(const pdtt_traffic& traffic) {
  return {traffic.rx_bytes, traffic.tx_bytes, traffic.rx_packets, traffic.tx_packets};
}

Traffic Sum(const pdtt_traffic& counters, const pdtt_traffic& meanwhile) {
  Traffic sum = ToTraffic(counters);
  sum += ToTraffic(meanwhile);
  return sum;
}

pdtt_account AccountAt(const std::vector<std::uint64_t>& words, std::size_t slot) {
  pdtt_account account{};
  if ((slot + 1) * kAccountWords <= words.size()) {
    std::memcpy(&account, &words[slot * kAccountWords], sizeof(account));
  }
  return account;
}

}  // namespace

AccountReading ToAccount(const pdtt_account_key& key, const pdtt_account& account) {
  return {.uid = key.uid,
          .network = key.network,
          .protocol = ToProtocol(key.protocol),
          .traffic = Sum(account.traffic, account.meanwhile),
          .socket_receive_bytes = account.socket_rx_bytes,
          .socket_transmit_bytes = account.socket_tx_bytes,
          .opened_inbound = account.opened_inbound,
          .opened_outbound = account.opened_outbound,
          .closed = account.closed,
          .retransmits = account.retransmits};
}

HostReading ToHost(const pdtt_host& host) {
  return {.all = Sum(host.all, host.all_meanwhile),
          .no_socket = ToTraffic(host.no_socket),
          .table_full = ToTraffic(host.table_full),
          .nested = ToTraffic(host.nested),
          .handovers = host.handovers};
}

AccountReader::AccountReader(const Maps& maps, std::uint32_t capacity,
                             std::optional<std::uint32_t> adopted,
                             std::function<void(std::uint32_t)> activate_bank)
    : maps_(maps),
      capacity_(capacity),
      activate_bank_(std::move(activate_bank)),
      account_counters_(maps.account_counters, kAccountWords),
      host_counters_(maps.host_counters, sizeof(pdtt_host) / sizeof(std::uint64_t)),
      active_(adopted.value_or(0)),
      knows_both_(!adopted) {}

bool AccountReader::ReadKeys() {
  keys_.clear();
  return ForEachEntry<pdtt_account_key, std::uint32_t>(
      maps_.accounts, capacity_, [&](const pdtt_account_key& key, std::uint32_t slot) {
        if (slot >= keys_.size()) {
          // A slot between two known ones may not be in the map yet: its uid says so.
          keys_.resize(slot + 1, pdtt_account_key{PDTT_NO_SLOT, PDTT_NO_SLOT, PDTT_NO_SLOT});
        }
        keys_[slot] = key;
      });
}

// An account made in between leaves the sums unequal, and the bank is read again.
bool AccountReader::ReadBank(std::uint32_t bank) {
  Bank& into = banks_[bank];
  if (!ReadKeys() || !host_counters_.Read(bank, into.host)) {
    return false;
  }
  into.accounts.resize(keys_.size() * kAccountWords);
  return account_counters_.Read(bank * capacity_, into.accounts);
}

bool AccountReader::Balanced(const Bank& bank) const {
  pdtt_host counters{};
  std::memcpy(&counters, bank.host.data(), sizeof(counters));
  const HostReading host = ToHost(counters);
  Traffic rest = host.all;
  rest -= host.no_socket;
  rest -= host.table_full;
  rest -= host.nested;
  for (std::size_t slot = 0; slot < keys_.size(); ++slot) {
    const pdtt_account account = AccountAt(bank.accounts, slot);
    rest -= Sum(account.traffic, account.meanwhile);
  }
  return rest == Traffic{};
}

std::optional<AccountsReading> AccountReader::Read() {
  if (!std::exchange(knows_both_, true) && !Read()) {
    knows_both_ = false;
    return std::nullopt;
  }
  const std::uint32_t resting = std::exchange(active_, 1 - active_);
  activate_bank_(active_);
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(kFirstWait);
  for (;;) {
    if (!ReadBank(resting)) {
      return std::nullopt;
    }
    if (Balanced(banks_[resting]) || std::chrono::steady_clock::now() > deadline) {
      break;
    }
    std::this_thread::sleep_for(wait);
    wait *= 2;
  }

  AccountsReading reading;
  for (const Bank& bank : banks_) {
    pdtt_host host{};
    std::memcpy(&host, bank.host.data(), sizeof(host));
    reading.host += ToHost(host);
  }
  std::vector<std::uint64_t> sums(kAccountWords);
  for (std::size_t slot = 0; slot < keys_.size(); ++slot) {
    if (keys_[slot].uid == PDTT_NO_SLOT && keys_[slot].network == PDTT_NO_SLOT) {
      continue;
    }
    std::fill(sums.begin(), sums.end(), 0);
    for (const Bank& bank : banks_) {
      for (std::size_t i = 0, from = slot * kAccountWords;
           i < kAccountWords && from + i < bank.accounts.size(); ++i) {
        sums[i] += bank.accounts[from + i];
      }
    }
    reading.accounts.push_back(ToAccount(keys_[slot], AccountAt(sums, 0)));
  }
  return reading;
}

}  // namespace pdtt
