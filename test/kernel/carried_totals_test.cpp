// SPDX-License-Identifier: Apache-2.0
#include "bpf/carried_totals.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "kernel_access.h"
#include "pdtt_abi.h"
#include "temporary_folder.h"
#include "test_map.h"
#include "traffic_text.h"

namespace pdtt::test {
namespace {

constexpr std::uint32_t kSlots = 4;

// An exporter of long ago: other fields, in another order, and keys the other way round.
struct OldTraffic {
  std::uint64_t tx_bytes;
  std::uint64_t rx_bytes;
};
struct OldAccount {
  std::uint64_t forgotten;
  OldTraffic traffic;
  std::uint64_t closed;
  std::uint64_t opened_outbound;
};
struct OldHost {
  OldTraffic no_socket;
  OldTraffic all;
};
struct OldKey {
  std::uint32_t protocol;
  std::uint32_t network;
  std::uint32_t uid;
};

class Types {
 public:
  Types() : btf_(btf__new_empty()) {
    u32_ = btf__add_int(btf_.get(), "u32", 4, 0);
    u64_ = btf__add_int(btf_.get(), "u64", 8, 0);
    const int traffic = Struct("old_traffic", u64_, {"tx_bytes", "rx_bytes"});
    key_ = Struct("old_key", u32_, {"protocol", "network", "uid"});
    account_ = btf__add_struct(btf_.get(), "old_account", sizeof(OldAccount));
    Field("forgotten", u64_, 0);
    Field("traffic", traffic, 8);
    Field("closed", u64_, 24);
    Field("opened_outbound", u64_, 32);
    host_ = btf__add_struct(btf_.get(), "old_host", sizeof(OldHost));
    Field("no_socket", traffic, 0);
    Field("all", traffic, 16);
    REQUIRE(btf__load_into_kernel(btf_.get()) == 0);
  }

  // A pinned map that says what its keys and values are.
  UniqueFd Map(const std::filesystem::path& pin, bpf_map_type type, int key, int value,
               std::uint32_t entries) const {
    LIBBPF_OPTS(bpf_map_create_opts, options, .btf_fd = static_cast<__u32>(btf__fd(btf_.get())),
                .btf_key_type_id = static_cast<__u32>(key),
                .btf_value_type_id = static_cast<__u32>(value));
    const auto size = [&](int id) {
      return static_cast<__u32>(btf__resolve_size(btf_.get(), static_cast<__u32>(id)));
    };
    UniqueFd map{bpf_map_create(type, "old", size(key), size(value), entries, &options)};
    REQUIRE(map);
    REQUIRE(bpf_obj_pin(map.Get(), pin.c_str()) == 0);
    return map;
  }

  [[nodiscard]] int U32() const { return u32_; }
  [[nodiscard]] int Key() const { return key_; }
  [[nodiscard]] int Account() const { return account_; }
  [[nodiscard]] int Host() const { return host_; }

 private:
  struct Free {
    void operator()(btf* types) const noexcept { btf__free(types); }
  };

  void Field(const char* name, int type, std::uint32_t offset) {
    REQUIRE(btf__add_field(btf_.get(), name, type, offset * 8, 0) == 0);
  }

  int Struct(const char* name, int type, const std::vector<const char*>& fields) {
    const auto size =
        static_cast<std::uint32_t>(btf__resolve_size(btf_.get(), static_cast<__u32>(type)));
    const int id =
        btf__add_struct(btf_.get(), name, size * static_cast<std::uint32_t>(fields.size()));
    for (std::uint32_t i = 0; i < fields.size(); ++i) {
      Field(fields[i], type, i * size);
    }
    return id;
  }

  std::unique_ptr<btf, Free> btf_;
  int u32_ = 0;
  int u64_ = 0;
  int key_ = 0;
  int account_ = 0;
  int host_ = 0;
};

// A bpffs of its own, as long as it lives.
class MountedBpffs {
 public:
  MountedBpffs() : mounted_(mount("bpf", folder_.Path().c_str(), "bpf", 0, nullptr) == 0) {}
  ~MountedBpffs() {
    if (mounted_) {
      umount(folder_.Path().c_str());
    }
  }
  MountedBpffs(const MountedBpffs&) = delete;
  MountedBpffs& operator=(const MountedBpffs&) = delete;

  [[nodiscard]] bool IsMounted() const { return mounted_; }
  [[nodiscard]] std::filesystem::path Path() const { return folder_.Path(); }

 private:
  TemporaryFolder folder_;
  bool mounted_;
};

template <typename Value>
std::vector<std::uint64_t> WordsOf(const Value& value) {
  const auto* first = reinterpret_cast<const std::uint64_t*>(&value);
  return {first, first + sizeof(value) / sizeof(std::uint64_t)};
}

}  // namespace

TEST_CASE("Totals of other tables are carried over by the names of their fields", "[kernel]") {
  const MountedBpffs bpffs;
  if (!BpfIsAllowed()) {
    return;
  }
  if (!bpffs.IsMounted()) {
    std::cout << "SKIPPED: no bpffs can be mounted\n";
    return;
  }
  const Types types;
  const auto at = [&](const char* name) { return bpffs.Path() / name; };
  const UniqueFd slots =
      types.Map(at("account_map"), BPF_MAP_TYPE_HASH, types.Key(), types.U32(), kSlots);
  const UniqueFd counters = types.Map(at("user_stats_map"), BPF_MAP_TYPE_PERCPU_ARRAY, types.U32(),
                                      types.Account(), kSlots * PDTT_BANKS);
  const UniqueFd host = types.Map(at("host_stats_map"), BPF_MAP_TYPE_PERCPU_ARRAY, types.U32(),
                                  types.Host(), PDTT_BANKS);
  const UniqueFd carried =
      types.Map(at("carried_map"), BPF_MAP_TYPE_HASH, types.Key(), types.Account(), kSlots);
  const UniqueFd carried_host =
      types.Map(at("carried_host"), BPF_MAP_TYPE_ARRAY, types.U32(), types.Host(), 1);

  const OldKey key{PDTT_UDP, 2, 1000};
  const std::uint32_t slot = 3;
  SetElement(slots, &key, &slot);
  SetOnCpu(counters, slot, 0, WordsOf(OldAccount{9, {1, 20}, 2, 3}));
  SetOnCpu(counters, kSlots + slot, 0, WordsOf(OldAccount{9, {100, 2'000}, 1, 1}));
  const OldAccount before{9, {10'000, 200'000}, 0, 1};
  SetElement(carried, &key, &before);
  const OldKey gone{PDTT_TCP, 0, 7};  // counted by tables before those, and by these no more
  const OldAccount of_gone{0, {5, 6}, 0, 0};
  SetElement(carried, &gone, &of_gone);
  SetOnCpu(host, 0, 0, WordsOf(OldHost{{1, 2}, {3, 4}}));
  SetOnCpu(host, 1, 0, WordsOf(OldHost{{10, 20}, {30, 40}}));
  const std::uint32_t only = 0;
  const OldHost host_before{{100, 200}, {300, 400}};
  SetElement(carried_host, &only, &host_before);

  const UniqueFd new_map =
      CreateMap(BPF_MAP_TYPE_HASH, {sizeof(pdtt_account_key), sizeof(pdtt_account), kSlots});
  const UniqueFd new_host = CreateMap(BPF_MAP_TYPE_ARRAY, {4, sizeof(pdtt_host), 1});
  const bool same_sockets = GENERATE(true, false);
  for (int times = 0; times < 2; ++times) {  // again, as after a crash in between
    CarryTotals({bpffs.Path(), same_sockets, true}, new_map.Get(), new_host.Get());
  }

  const AccountsReading reading = ReadCarried(new_map.Get(), new_host.Get());
  CHECK(reading.host.all == Traffic{444, 333, 0, 0});
  CHECK(reading.host.no_socket == Traffic{222, 111, 0, 0});
  REQUIRE(reading.accounts.size() == 2);
  const AccountReading& udp =
      reading.accounts[reading.accounts[0].protocol == Protocol::kUdp ? 0 : 1];
  const AccountReading& tcp =
      reading.accounts[reading.accounts[0].protocol == Protocol::kUdp ? 1 : 0];
  CHECK(udp.uid == 1000);
  CHECK(udp.network == 2);
  CHECK(udp.traffic == Traffic{202'020, 10'101, 0, 0});
  CHECK(udp.opened_outbound == 5);
  CHECK(udp.closed == (same_sockets ? 3 : 5));
  CHECK(tcp.uid == 7);
  CHECK(tcp.traffic == Traffic{6, 5, 0, 0});
}

}  // namespace pdtt::test
