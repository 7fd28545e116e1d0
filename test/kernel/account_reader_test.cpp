// SPDX-License-Identifier: Apache-2.0
#include "bpf/account_reader.h"

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "kernel_access.h"
#include "test_map.h"
#include "traffic_text.h"

namespace pdtt::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

template <typename Struct>
auto Words(const Struct& value) {
  std::array<std::uint64_t, sizeof(Struct) / sizeof(std::uint64_t)> words{};
  std::memcpy(words.data(), &value, sizeof(value));
  return words;
}

// The three maps that a reader reads, and the bank that it made active.
class Book {
 public:
  explicit Book(std::uint32_t capacity)
      : capacity_(capacity),
        accounts_(CreateMap(BPF_MAP_TYPE_HASH, {sizeof(pdtt_account_key), 4, capacity})),
        counters_(
            CreateMap(BPF_MAP_TYPE_PERCPU_ARRAY, {4, sizeof(pdtt_account), capacity * PDTT_BANKS})),
        host_(CreateMap(BPF_MAP_TYPE_PERCPU_ARRAY, {4, sizeof(pdtt_host), PDTT_BANKS})) {}

  AccountReader Reader(std::optional<std::uint32_t> adopted = std::nullopt) {
    return {{accounts_.Get(), counters_.Get(), host_.Get()},
            capacity_,
            adopted,
            [this](std::uint32_t bank) { activated.push_back(bank); }};
  }

  void SetKey(const pdtt_account_key& key, std::uint32_t slot) {
    SetElement(accounts_, &key, &slot);
  }
  void SetAccount(std::uint32_t bank, std::uint32_t slot, const pdtt_account& account,
                  std::size_t cpu = 0) {
    SetOnCpu(counters_, bank * capacity_ + slot, cpu, Words(account));
  }
  void SetHost(std::uint32_t bank, const pdtt_host& host, std::size_t cpu = 0) {
    SetOnCpu(host_, bank, cpu, Words(host));
  }
  [[nodiscard]] const UniqueFd& Counters() const { return counters_; }

  std::vector<std::uint32_t> activated;

 private:
  std::uint32_t capacity_;
  UniqueFd accounts_;
  UniqueFd counters_;
  UniqueFd host_;
};

pdtt_account Account(const pdtt_traffic& traffic, std::uint64_t closed = 0) {
  pdtt_account account{};
  account.traffic = traffic;
  account.closed = closed;
  return account;
}

pdtt_host Host(const pdtt_traffic& all, const pdtt_traffic& no_socket = {},
               std::uint64_t handovers = 0) {
  pdtt_host host{};
  host.all = all;
  host.no_socket = no_socket;
  host.handovers = handovers;
  return host;
}

pdtt_traffic TrafficFrom(std::uint64_t first) {
  return {first, first + 1, first + 2, first + 3};
}

Traffic ExpectedFrom(std::uint64_t first) {
  return {first, first + 1, first + 2, first + 3};
}

TEST_CASE("Every field of an account and of the host's totals arrives under its name", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  Book book{8};
  book.SetKey({.uid = 1000, .network = 2, .protocol = PDTT_UDP}, 0);
  book.SetAccount(0, 0,
                  {.traffic = TrafficFrom(100),
                   .meanwhile = TrafficFrom(100'000),
                   .socket_rx_bytes = 201,
                   .socket_tx_bytes = 202,
                   .opened_inbound = 203,
                   .opened_outbound = 204,
                   .closed = 205,
                   .retransmits = 206});
  book.SetHost(0, {.all = {11'130, 11'134, 11'138, 11'142},
                   .all_meanwhile = TrafficFrom(100'000),
                   .no_socket = TrafficFrom(1'000),
                   .table_full = TrafficFrom(30),
                   .nested = TrafficFrom(10'000),
                   .handovers = 9,
                   .claimed = 1,
                   .pad = 0});
  AccountReader reader = book.Reader();
  const auto reading = reader.Read();
  REQUIRE(reading);
  CHECK(reading->host.all == Traffic{111'130, 111'135, 111'140, 111'145});
  CHECK(reading->host.no_socket == ExpectedFrom(1'000));
  CHECK(reading->host.table_full == ExpectedFrom(30));
  CHECK(reading->host.nested == ExpectedFrom(10'000));
  CHECK(reading->host.handovers == 9);
  REQUIRE(reading->accounts.size() == 1);
  const AccountReading& account = reading->accounts[0];
  CHECK(account.uid == 1000);
  CHECK(account.network == 2);
  CHECK(account.protocol == Protocol::kUdp);
  CHECK(account.traffic == Traffic{100'100, 100'102, 100'104, 100'106});
  CHECK(account.socket_receive_bytes == 201);
  CHECK(account.socket_transmit_bytes == 202);
  CHECK(account.opened_inbound == 203);
  CHECK(account.opened_outbound == 204);
  CHECK(account.closed == 205);
  CHECK(account.retransmits == 206);
}

TEST_CASE("A reading adds up all CPUs and both banks", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  const std::size_t cpus = PossibleCpus();
  Book book{8};
  book.SetKey({.uid = 1, .network = 0, .protocol = PDTT_TCP}, 0);
  book.SetKey({.uid = 2, .network = 0, .protocol = PDTT_TCP}, 7);
  book.SetAccount(0, 0, Account({1, 0, 1, 0}, 1), 0);
  book.SetAccount(0, 7, Account({20, 0, 2, 0}, 2), cpus - 1);
  book.SetAccount(1, 0, Account({300, 0, 3, 0}, 4), cpus - 1);
  book.SetAccount(1, 7, Account({4'000, 0, 4, 0}, 8), 0);
  book.SetHost(0, Host({21, 0, 3, 0}, {}, 5), cpus - 1);
  book.SetHost(1, Host({4'300, 0, 7, 0}, {}, 6), 0);
  AccountReader reader = book.Reader();
  // Each reading reads one bank anew, so that after two of them both have been seen.
  REQUIRE(reader.Read());
  const auto reading = reader.Read();
  REQUIRE(reading);
  CHECK(reading->host.all == Traffic{4'321, 0, 10, 0});
  CHECK(reading->host.handovers == 11);
  REQUIRE(reading->accounts.size() == 2);
  CHECK(reading->accounts[0].traffic == Traffic{301, 0, 4, 0});
  CHECK(reading->accounts[0].closed == 5);
  CHECK(reading->accounts[1].traffic == Traffic{4'020, 0, 6, 0});
  CHECK(reading->accounts[1].closed == 10);
}

TEST_CASE("The first reading of adopted tables has what is in both banks", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  Book book{8};
  book.SetHost(0, Host({10, 0, 1, 0}, {10, 0, 1, 0}));
  book.SetHost(1, Host({500, 0, 2, 0}, {500, 0, 2, 0}));
  const auto active = GENERATE(0U, 1U);
  AccountReader reader = book.Reader(active);
  const auto reading = reader.Read();
  REQUIRE(reading);
  CHECK(reading->host.all == Traffic{510, 0, 3, 0});
  CHECK(book.activated == std::vector<std::uint32_t>{1 - active, active});
}

TEST_CASE("The other bank is made active before one is read, in turns", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  Book book{8};
  AccountReader reader = book.Reader();
  CHECK(book.activated.empty());
  book.SetHost(0, Host({10, 0, 1, 0}, {10, 0, 1, 0}));
  book.SetHost(1, Host({500, 0, 1, 0}, {500, 0, 1, 0}));
  auto reading = reader.Read();
  REQUIRE(reading);
  CHECK(book.activated == std::vector<std::uint32_t>{1});
  CHECK(reading->host.all.receive_bytes == 10);  // bank 0 has come to rest, bank 1 is in use
  reading = reader.Read();
  REQUIRE(reading);
  CHECK(book.activated == std::vector<std::uint32_t>{1, 0});
  CHECK(reading->host.all.receive_bytes == 510);
  REQUIRE(reader.Read());
  CHECK(book.activated == std::vector<std::uint32_t>{1, 0, 1});
}

TEST_CASE("Slots without an account are left out, wherever they are", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  constexpr std::uint32_t kCapacity = 700;  // more than one batch of counters
  Book book{kCapacity};
  std::uint64_t sum = 0;
  std::vector<std::uint32_t> slots{3, 4, 255, 256, 300, 699};
  for (const std::uint32_t slot : slots) {
    book.SetKey({.uid = 10'000 + slot, .network = 1, .protocol = PDTT_OTHER}, slot);
    book.SetAccount(0, slot, Account({0, slot, 0, 1}));
    sum += slot;
  }
  book.SetHost(0, Host({0, sum, 0, slots.size()}));
  AccountReader reader = book.Reader();
  const auto start = steady_clock::now();
  const auto reading = reader.Read();
  REQUIRE(reading);
  CHECK(steady_clock::now() - start < milliseconds{150});  // balanced: nothing to wait for
  REQUIRE(reading->accounts.size() == slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    CHECK(reading->accounts[i].uid == 10'000 + slots[i]);
    CHECK(reading->accounts[i].traffic == Traffic{0, slots[i], 0, 1});
  }
  CHECK(reader.Keys().size() == kCapacity);
}

TEST_CASE("No accounts at all is a reading like any other", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  Book book{8};
  AccountReader reader = book.Reader();
  const auto reading = reader.Read();
  REQUIRE(reading);
  CHECK(reading->accounts.empty());
  CHECK(reading->host.all == Traffic{});
}

TEST_CASE("Sums that never balance are given back as they are after a bounded wait", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  pdtt_host host = Host({100, 100, 100, 100}, {100, 100, 100, 100});
  const int field = GENERATE(range(0, 4));
  auto words = Words(host);
  words[static_cast<std::size_t>(field)] += 1;  // of `all`, in each of its four fields
  std::memcpy(&host, words.data(), sizeof(host));
  Book book{8};
  book.SetHost(0, host);
  AccountReader reader = book.Reader();
  const auto start = steady_clock::now();
  const auto reading = reader.Read();
  const auto took = steady_clock::now() - start;
  CHECK(took >= milliseconds{200});
  CHECK(took < milliseconds{2'000});
  REQUIRE(reading);
  const Traffic& all = reading->host.all;
  CHECK(all.Bytes() + all.receive_packets + all.transmit_packets == 401);
  CHECK(reading->host.no_socket == Traffic{100, 100, 100, 100});
}

TEST_CASE("A packet that is half counted when the bank comes to rest is waited for", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  Book book{8};
  book.SetKey({.uid = 1, .network = 0, .protocol = PDTT_TCP}, 0);
  book.SetHost(0, Host({1'500, 0, 1, 0}));
  AccountReader reader = book.Reader();
  const std::jthread straggler{[&book] {
    std::this_thread::sleep_for(milliseconds{40});
    const auto words = Words(Account({1'500, 0, 1, 0}));
    SetOnCpu(book.Counters(), 0, 0, words);
  }};
  const auto reading = reader.Read();
  REQUIRE(reading);
  REQUIRE(reading->accounts.size() == 1);
  CHECK(reading->accounts[0].traffic == Traffic{1'500, 0, 1, 0});
}

TEST_CASE("Accounts that cannot be read give no reading instead of zeros") {
  AccountReader reader{{-1, -1, -1}, 8, std::nullopt, [](std::uint32_t) {}};
  CHECK_FALSE(reader.Read());
}

}  // namespace
}  // namespace pdtt::test
