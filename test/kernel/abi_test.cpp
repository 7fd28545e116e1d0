// SPDX-License-Identifier: Apache-2.0
// The contract between the BPF object and the exporter. Needs no privileges: nothing is loaded.
#include <bpf/libbpf.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "bpf/programs.h"
#include "pdtt_abi.h"

#include "pdtt_bpf.skel.h"

namespace pdtt::test {
namespace {

// Keys are compared as bytes and values are copied as bytes: padding would carry whatever was
// there.
static_assert(std::has_unique_object_representations_v<pdtt_conn_key>);
static_assert(std::has_unique_object_representations_v<pdtt_account_key>);
static_assert(std::has_unique_object_representations_v<pdtt_flow_key>);
static_assert(std::has_unique_object_representations_v<pdtt_lpm_key>);
static_assert(std::has_unique_object_representations_v<pdtt_conn>);
static_assert(std::has_unique_object_representations_v<pdtt_flow>);
static_assert(std::has_unique_object_representations_v<pdtt_conn_owner>);
static_assert(std::has_unique_object_representations_v<pdtt_account>);
static_assert(std::has_unique_object_representations_v<pdtt_host>);
static_assert(std::has_unique_object_representations_v<pdtt_event>);

constexpr std::size_t kKernelName = 15;  // BPF_OBJ_NAME_LEN without its 0

struct Destroy {
  void operator()(pdtt_bpf* skeleton) const noexcept { pdtt_bpf::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<pdtt_bpf, Destroy>;

Skeleton Open() {
  Skeleton skeleton{pdtt_bpf::open()};
  REQUIRE(skeleton);
  return skeleton;
}

struct MapShape {
  bpf_map_type type;
  std::size_t key;
  std::size_t value;
};

struct ProgramShape {
  bpf_prog_type type;
  bpf_attach_type attach;
};

std::string Line(const std::string& name, const MapShape& shape) {
  return name + ": type " + std::to_string(shape.type) + ", key " + std::to_string(shape.key) +
         ", value " + std::to_string(shape.value);
}

std::string Line(const std::string& name, const ProgramShape& shape) {
  return name + ": type " + std::to_string(shape.type) + ", attach type " +
         std::to_string(shape.attach);
}

// What a failed comparison prints.
template <typename Shape>
std::vector<std::string> Lines(const std::map<std::string, Shape>& shapes) {
  std::vector<std::string> lines;
  lines.reserve(shapes.size());
  for (const auto& [name, shape] : shapes) {
    lines.push_back(Line(name, shape));
  }
  return lines;
}

const std::map<std::string, MapShape>& ExpectedMaps() {
  static const std::map<std::string, MapShape> maps{
      {"conn_stats_map", {BPF_MAP_TYPE_SK_STORAGE, sizeof(int), sizeof(pdtt_conn)}},
      {"account_map", {BPF_MAP_TYPE_HASH, sizeof(pdtt_account_key), sizeof(std::uint32_t)}},
      {"free_slots_map", {BPF_MAP_TYPE_STACK, 0, sizeof(std::uint32_t)}},
      {"user_stats_map", {BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(std::uint32_t), sizeof(pdtt_account)}},
      {"host_stats_map", {BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(std::uint32_t), sizeof(pdtt_host)}},
      {"subuid_map", {BPF_MAP_TYPE_LPM_TRIE, sizeof(pdtt_uid_lpm_key), sizeof(std::uint32_t)}},
      {"network_map", {BPF_MAP_TYPE_LPM_TRIE, sizeof(pdtt_lpm_key), sizeof(std::uint32_t)}},
      {"network_names", {BPF_MAP_TYPE_ARRAY, 4, sizeof(pdtt_network_name)}},
      {"carried_map", {BPF_MAP_TYPE_HASH, sizeof(pdtt_account_key), sizeof(pdtt_account)}},
      {"carried_host", {BPF_MAP_TYPE_ARRAY, 4, sizeof(pdtt_host)}},
      {"state_map", {BPF_MAP_TYPE_ARRAY, 4, sizeof(pdtt_state)}},
      {"flow_stats_map", {BPF_MAP_TYPE_LRU_HASH, sizeof(pdtt_flow_key), sizeof(pdtt_flow)}},
      {"conn_uid_map", {BPF_MAP_TYPE_LRU_HASH, sizeof(pdtt_conn_key), sizeof(pdtt_conn_owner)}},
      {"xdp_user_map", {BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(std::uint32_t), sizeof(pdtt_frames)}},
      {"xdp_result_map", {BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(std::uint32_t), sizeof(pdtt_frames)}},
      {"tcp_seen_map", {BPF_MAP_TYPE_LRU_HASH, sizeof(std::uint64_t), sizeof(pdtt_tcp_progress)}},
      {"udp_calls_map", {BPF_MAP_TYPE_LRU_HASH, sizeof(std::uint64_t), sizeof(std::uint64_t)}},
      {"failure_map", {BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(std::uint32_t), sizeof(std::uint64_t)}},
      {"listen_map", {BPF_MAP_TYPE_LPM_TRIE, sizeof(pdtt_listen_key), sizeof(std::uint32_t)}},
      {"client_map", {BPF_MAP_TYPE_HASH, sizeof(std::uint32_t), sizeof(std::uint32_t)}},
      {"events", {BPF_MAP_TYPE_RINGBUF, 0, 0}},
      {"socket_copies", {BPF_MAP_TYPE_ARRAY, sizeof(std::uint32_t), sizeof(pdtt_conn)}},
  };
  return maps;
}

const std::map<std::string, ProgramShape>& ExpectedPrograms() {
  static const std::map<std::string, ProgramShape> programs{
      {"xdp_tracker", {BPF_PROG_TYPE_XDP, BPF_XDP}},
      {"sockops_tracker", {BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS}},
      {"sock_create_tracker", {BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE}},
      {"sock_release_tracker", {BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE}},
      {"cgroup_skb_ingress", {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS}},
      {"cgroup_skb_egress", {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS}},
      {"sock_send_length", {BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP}},
      {"sock_recv_length", {BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP}},
      {"inet_sendmsg_exit", {BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT}},
      {"inet6_sendmsg_exit", {BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT}},
      {"inet_recvmsg_exit", {BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT}},
      {"inet6_recvmsg_exit", {BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT}},
      {"inet_sendpage_exit", {BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT}},
      {"kprobe_tcp_release", {BPF_PROG_TYPE_KPROBE, bpf_attach_type{}}},
      {"kprobe_udp_receive", {BPF_PROG_TYPE_KPROBE, bpf_attach_type{}}},
      {"kprobe_udp_send", {BPF_PROG_TYPE_KPROBE, bpf_attach_type{}}},
      {"kretprobe_udp_send", {BPF_PROG_TYPE_KPROBE, bpf_attach_type{}}},
      {"iter_tcp", {BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER}},
      {"iter_udp", {BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER}},
      {"iter_sockets", {BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER}},
      {"connect4_guard", {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT}},
      {"connect6_guard", {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT}},
  };
  return programs;
}

TEST_CASE("Every map of the object has the sizes of the shared header's structs", "[abi]") {
  const Skeleton skeleton = Open();
  std::map<std::string, MapShape> found;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton->obj) {
    if (!bpf_map__is_internal(map)) {
      found[bpf_map__name(map)] = {bpf_map__type(map), bpf_map__key_size(map),
                                   bpf_map__value_size(map)};
    }
  }
  CHECK(Lines(found) == Lines(ExpectedMaps()));
}

TEST_CASE("The names of maps fit into what the kernel keeps of them", "[abi]") {
  for (const auto& [name, shape] : ExpectedMaps()) {
    CHECK(name.size() <= kKernelName);
  }
}

TEST_CASE("The object has the programs that the contract names, each of its type", "[abi]") {
  const Skeleton skeleton = Open();
  std::map<std::string, ProgramShape> found;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    found[bpf_program__name(program)] = {bpf_program__type(program),
                                         bpf_program__expected_attach_type(program)};
  }
  CHECK(Lines(found) == Lines(ExpectedPrograms()));
}

TEST_CASE("Programs can be told apart by what the kernel keeps of their names", "[abi]") {
  std::set<std::string> names;
  for (const auto& [name, shape] : ExpectedPrograms()) {
    names.insert(name.substr(0, kKernelName));
  }
  CHECK(names.size() == ExpectedPrograms().size());
}

TEST_CASE("The loader knows every program of the object", "[abi]") {
  std::set<std::string> known;
  for (const ProgramInfo& info : AllPrograms()) {
    known.insert(info.name);
  }
  std::set<std::string> expected;
  for (const auto& [name, shape] : ExpectedPrograms()) {
    expected.insert(name);
  }
  CHECK(known == expected);
}

TEST_CASE("Settings and the active bank are where the exporter sets them, and begin as zeros",
          "[abi]") {
  const Skeleton skeleton = Open();
  REQUIRE(skeleton->rodata != nullptr);
  REQUIRE(skeleton->bss != nullptr);
  CHECK(sizeof(skeleton->rodata->settings) == sizeof(pdtt_settings));
  CHECK(skeleton->bss->active_bank == 0);
  const auto* bytes = reinterpret_cast<const char*>(&skeleton->rodata->settings);
  CHECK(std::all_of(bytes, bytes + sizeof(pdtt_settings), [](char byte) { return byte == 0; }));
}

TEST_CASE("Sockets that are accepted inherit the storage of their listener", "[abi]") {
  const Skeleton skeleton = Open();
  CHECK((bpf_map__map_flags(skeleton->maps.conn_stats_map) & BPF_F_CLONE) != 0);
}

TEST_CASE("More interfaces or uid ranges than the settings hold are refused", "[abi]") {
  ProgramOptions interfaces;
  interfaces.ifindexes.assign(PDTT_MAX_INTERFACES + 1, 1);
  CHECK_THROWS_WITH(Programs{interfaces}, "interfaces: at most 16");
  ProgramOptions ranges;
  ranges.system_uids.assign(PDTT_MAX_SYSTEM_UID_RANGES + 1, {1, 2});
  CHECK_THROWS_WITH(Programs{ranges}, "attribution.system_uids: at most 16 ranges");
}

}  // namespace
}  // namespace pdtt::test
