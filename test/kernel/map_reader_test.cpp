// SPDX-License-Identifier: Apache-2.0
#include "bpf/map_reader.h"

#include <bpf/bpf.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <vector>

#include "kernel_access.h"
#include "test_map.h"

namespace pdtt::test {
namespace {

using Seen = std::map<std::uint64_t, std::vector<std::uint32_t>>;

UniqueFd HashOf(bpf_map_type type, std::uint32_t capacity, std::uint32_t entries) {
  UniqueFd map = CreateMap(type, {sizeof(std::uint64_t), sizeof(std::uint32_t), capacity});
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::uint64_t key = std::uint64_t{i} * 1'000'003;
    SetElement(map, &key, &i);
  }
  return map;
}

bool ReadAll(int fd, std::size_t capacity, Seen& seen) {
  return ForEachEntry<std::uint64_t, std::uint32_t>(
      fd, capacity,
      [&](const std::uint64_t& key, std::uint32_t value) { seen[key].push_back(value); });
}

TEST_CASE("Each of 10,000 entries of a hash map is used once, in several batches", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  constexpr std::uint32_t kEntries = 10'000;
  for (const bpf_map_type type : {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH}) {
    // An LRU map makes room before it is full.
    const std::uint32_t capacity = type == BPF_MAP_TYPE_HASH ? kEntries : 4 * kEntries;
    const UniqueFd map = HashOf(type, capacity, kEntries);
    Seen seen;
    CHECK(ReadAll(map.Get(), capacity, seen));
    REQUIRE(seen.size() == kEntries);
    std::uint32_t wrong = 0;
    for (const auto& [key, values] : seen) {
      wrong += values == std::vector{static_cast<std::uint32_t>(key / 1'000'003)} ? 0U : 1U;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("A map whose entries fill a batch exactly is read to its end", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  for (const std::uint32_t entries : {1U, 4'095U, 4'096U, 4'097U, 8'192U}) {
    const UniqueFd map = HashOf(BPF_MAP_TYPE_HASH, entries, entries);
    Seen seen;
    CHECK(ReadAll(map.Get(), entries, seen));
    CHECK(seen.size() == entries);
  }
}

TEST_CASE("An empty map is read without an entry and without an error", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  const UniqueFd map = HashOf(BPF_MAP_TYPE_HASH, 16, 0);
  Seen seen;
  CHECK(ReadAll(map.Get(), 16, seen));
  CHECK(seen.empty());
}

TEST_CASE("A walk ends when it has seen more than the map can hold", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  const UniqueFd map = HashOf(BPF_MAP_TYPE_HASH, 20'000, 20'000);
  Seen seen;
  CHECK(ReadAll(map.Get(), 100, seen));
  CHECK(seen.size() > 100);
  CHECK(seen.size() <= 4'096);
}

TEST_CASE("A map that cannot be read is an error, not an empty map") {
  Seen seen;
  CHECK_FALSE(ReadAll(-1, 16, seen));
  PerCpuCounters counters{-1, 1};
  std::vector<std::uint64_t> sums(4, 7);
  CHECK_FALSE(counters.Read(0, sums));
}

TEST_CASE("Counters are summed over all CPUs, from any element on, in any number", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  constexpr std::uint32_t kElements = 1'000;
  const std::size_t cpus = PossibleCpus();
  const UniqueFd map = CreateMap(BPF_MAP_TYPE_PERCPU_ARRAY, {4, 16, kElements});
  for (std::uint32_t i = 0; i < kElements; ++i) {
    std::vector<std::uint64_t> values;
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
      values.push_back(i + 1);
      values.push_back((std::uint64_t{1} << 40U) + i);
    }
    SetElement(map, &i, values.data());
  }
  PerCpuCounters counters{map.Get(), 2};
  for (const auto& [first, count] : {std::pair{0U, 1'000U},
                                     {1U, 999U},
                                     {0U, 1U},
                                     {999U, 1U},
                                     {255U, 2U},
                                     {0U, 256U},
                                     {0U, 257U},
                                     {500U, 0U}}) {
    INFO(count << " elements from " << first);
    std::vector<std::uint64_t> sums(std::size_t{count} * 2, 7);
    CHECK(counters.Read(first, sums));
    std::vector<std::uint64_t> expected;
    for (std::uint32_t i = first; i < first + count; ++i) {
      expected.push_back(cpus * (i + 1));
      expected.push_back(cpus * ((std::uint64_t{1} << 40U) + i));
    }
    CHECK(sums == expected);
  }
}

TEST_CASE("Elements beyond a map's end are an error", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  const UniqueFd map = CreateMap(BPF_MAP_TYPE_PERCPU_ARRAY, {4, 8, 10});
  PerCpuCounters counters{map.Get(), 1};
  std::vector<std::uint64_t> sums(11);
  CHECK_FALSE(counters.Read(0, sums));
  sums.resize(10);
  CHECK(counters.Read(0, sums));
}

}  // namespace
}  // namespace pdtt::test
