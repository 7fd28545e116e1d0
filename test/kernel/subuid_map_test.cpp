// SPDX-License-Identifier: Apache-2.0
#include "bpf/subuid_map.h"

#include <bpf/bpf.h>
#include <endian.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "kernel_access.h"
#include "pdtt_abi.h"
#include "test_map.h"

namespace pdtt::test {
namespace {

constexpr std::uint32_t kLastUid = 0xffffffff;

std::optional<std::uint32_t> OwnerIn(const UniqueFd& map, std::uint32_t uid) {
  const pdtt_uid_lpm_key key{.prefix_len = 32, .uid = htobe32(uid)};
  std::uint32_t owner = 0;
  return bpf_map_lookup_elem(map.Get(), &key, &owner) == 0 ? std::optional{owner} : std::nullopt;
}

UniqueFd Trie(std::uint32_t entries) {
  return CreateMap(BPF_MAP_TYPE_LPM_TRIE,
                   {sizeof(pdtt_uid_lpm_key), sizeof(std::uint32_t), entries});
}

TEST_CASE("Prefixes cover a range of uids without a gap or an overlap", "[subuid_map]") {
  struct Example {
    std::uint32_t first;
    std::uint32_t last;
    std::size_t prefixes;
  };
  for (const Example& example :
       {Example{0, kLastUid, 1}, Example{7, 7, 1}, Example{65536, 131071, 1},
        Example{kLastUid, kLastUid, 1}, Example{1, kLastUid, 32}, Example{100000, 165535, 12}}) {
    CAPTURE(example.first, example.last);
    const std::vector<UidPrefix> prefixes = ToPrefixes(example.first, example.last);
    CHECK(prefixes.size() == example.prefixes);
    std::uint64_t next = example.first;
    for (const UidPrefix& prefix : prefixes) {
      CHECK(prefix.uid == next);
      const std::uint64_t size = std::uint64_t{1} << (32 - prefix.length);
      CHECK(prefix.uid % size == 0);
      next += size;
    }
    CHECK(next == std::uint64_t{example.last} + 1);
  }
}

TEST_CASE("The kernel finds the owners of the ranges that were set last", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  const UniqueFd trie = Trie(1000);
  SubuidMap map{trie.Get()};
  REQUIRE(map.Set(std::vector<SubuidRange>{{100'000, 165'535, 1000}, {165'536, 231'071, 1001}}));
  CHECK(OwnerIn(trie, 99'999) == std::nullopt);
  CHECK(OwnerIn(trie, 100'000) == 1000U);
  CHECK(OwnerIn(trie, 165'535) == 1000U);
  CHECK(OwnerIn(trie, 165'536) == 1001U);
  CHECK(OwnerIn(trie, 231'072) == std::nullopt);

  REQUIRE(map.Set(std::vector<SubuidRange>{{100'000, 165'535, 1002}}));
  CHECK(OwnerIn(trie, 100'000) == 1002U);
  CHECK(OwnerIn(trie, 165'536) == std::nullopt);
  REQUIRE(map.Set({}));
  CHECK(OwnerIn(trie, 100'000) == std::nullopt);
}

TEST_CASE("A range without room is reported, and set once there is room", "[kernel]") {
  if (!BpfIsAllowed()) {
    return;
  }
  const UniqueFd trie = Trie(1);
  SubuidMap map{trie.Get()};
  CHECK_FALSE(map.Set(std::vector<SubuidRange>{{10, 10, 1000}, {20, 20, 1001}}));
  CHECK(map.Set(std::vector<SubuidRange>{{20, 20, 1001}}));
  CHECK(OwnerIn(trie, 20) == 1001U);
}

}  // namespace
}  // namespace pdtt::test
