// SPDX-License-Identifier: Apache-2.0
// Packets through the cgroup programs: wire sizes of super-packets, and the balance of the sums.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpf/account_reader.h"
#include "kernel_access.h"
#include "packet_builder.h"
#include "packet_variants.h"
#include "test_map.h"
#include "traffic_text.h"

namespace pdtt::test {
namespace {

constexpr std::uint32_t kAccounts = 8;
constexpr std::size_t kHostWords = sizeof(pdtt_host) / sizeof(std::uint64_t);

// Runs packets and reads what has been counted, as the exporter does. The kernel's test runs give
// a packet a socket of no protocol, which no program has ever seen: its bytes are no_socket.
class CgroupBench {
 public:
  explicit CgroupBench(std::unique_ptr<Programs> programs)
      : programs_(std::move(programs)),
        reader_({programs_->MapFd("account_map"), programs_->MapFd("user_stats_map"),
                 programs_->MapFd("host_stats_map")},
                kAccounts, std::nullopt,
                [this](std::uint32_t bank) { programs_->SetActiveBank(bank); }) {}

  static std::unique_ptr<CgroupBench> MakeOrSkip() {
    ProgramOptions options = SmallMaps();
    options.accounts = kAccounts;
    auto programs = LoadOrSkip(options);
    return programs ? std::make_unique<CgroupBench>(std::move(programs)) : nullptr;
  }

  // The program's return value; a negative errno if the kernel refuses the run.
  int Run(const char* program, const IpVariant& ip, std::uint32_t segments) {
    const Bytes frame = Ethernet(ip.ether_type, ip.packet);
    __sk_buff context{};
    context.gso_segs = segments;
    context.gso_size = segments > 1 ? 1'448 : 0;
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<__u32>(frame.size()), .ctx_in = &context,
                .ctx_size_in = sizeof(context), .repeat = 1);
    const int error = bpf_prog_test_run_opts(bpf_program__fd(programs_->Find(program)), &options);
    return error != 0 ? error : static_cast<int>(options.retval);
  }

  // What was counted since the last call; checks that nothing was counted beside the sums.
  Traffic Take() {
    const auto reading = reader_.Read();
    REQUIRE(reading);
    Traffic parts = reading->host.no_socket;
    parts += reading->host.table_full;
    parts += reading->host.nested;
    for (const AccountReading& account : reading->accounts) {
      parts += account.traffic;
    }
    CHECK(parts == reading->host.all);
    CHECK(reading->host.no_socket == reading->host.all);
    const Traffic& all = reading->host.all;
    const Traffic added{
        all.receive_bytes - last_.receive_bytes, all.transmit_bytes - last_.transmit_bytes,
        all.receive_packets - last_.receive_packets, all.transmit_packets - last_.transmit_packets};
    last_ = all;
    return added;
  }

  [[nodiscard]] const Programs& Loaded() const { return *programs_; }

 private:
  std::unique_ptr<Programs> programs_;
  AccountReader reader_;
  Traffic last_;
};

std::vector<IpVariant> AllVariants() {
  std::vector<IpVariant> variants = Ipv4Variants();
  for (IpVariant& variant : Ipv6Variants()) {
    variants.push_back(std::move(variant));
  }
  return variants;
}

// Segments repeat the headers up to the transport header; other protocols than TCP and UDP have
// none that the programs know, and no segments either.
bool HasPorts(const IpVariant& ip) {
  return ip.key.local_port != 0;
}

TEST_CASE("A packet counts with its IP length, once, in its direction", "[kernel]") {
  const auto bench = CgroupBench::MakeOrSkip();
  if (!bench) {
    return;
  }
  for (const IpVariant& ip : AllVariants()) {
    INFO(ip.name);
    for (const std::uint32_t segments : {0U, 1U}) {
      CHECK(bench->Run("cgroup_skb_ingress", ip, segments) == 1);
      CHECK(bench->Take() == Traffic{ip.packet.size(), 0, 1, 0});
      CHECK(bench->Run("cgroup_skb_egress", ip, segments) == 1);
      CHECK(bench->Take() == Traffic{0, ip.packet.size(), 0, 1});
    }
  }
}

TEST_CASE("A super-packet counts as the packets on the wire, each with its own headers",
          "[kernel]") {
  if (!TestRunsShowPackets()) {
    return;
  }
  const auto bench = CgroupBench::MakeOrSkip();
  if (!bench) {
    return;
  }
  for (const IpVariant& ip : AllVariants()) {
    if (!HasPorts(ip)) {
      continue;
    }
    for (const std::uint32_t segments : {2U, 3U, 45U, 65'535U}) {
      INFO(ip.name << ", " << segments << " segments");
      const std::uint64_t bytes = ip.packet.size() + (segments - 1) * ip.headers;
      CHECK(bench->Run("cgroup_skb_ingress", ip, segments) == 1);
      CHECK(bench->Take() == Traffic{bytes, 0, segments, 0});
      CHECK(bench->Run("cgroup_skb_egress", ip, segments) == 1);
      CHECK(bench->Take() == Traffic{0, bytes, 0, segments});
    }
  }
}

TEST_CASE("The hop-by-hop header of a super-packet larger than 64 KiB is not on the wire",
          "[kernel]") {
  if (!TestRunsShowPackets()) {
    return;
  }
  const auto bench = CgroupBench::MakeOrSkip();
  if (!bench) {
    return;
  }
  constexpr std::uint64_t kSegment = 40 + 20 + 1'448;
  const Ends ends = ReceivedIpv6();
  const IpVariant big{
      "big TCP", kEtherIpv6,
      Ipv6(ends, IPPROTO_HOPOPTS, Options(IPPROTO_TCP, 1, Tcp(ends, Payload(2'896))),
           {.claimed_payload = 0}),
      60, KeyOf(ends, IPPROTO_TCP)};
  CHECK(bench->Run("cgroup_skb_egress", big, 2) == 1);
  CHECK(bench->Take() == Traffic{0, 2 * kSegment, 0, 2});
}

TEST_CASE("Packets cut off anywhere are passed and counted with the bytes there are", "[kernel]") {
  const auto bench = CgroupBench::MakeOrSkip();
  if (!bench) {
    return;
  }
  int runs = 0;
  for (IpVariant ip : AllVariants()) {
    const Bytes whole = ip.packet;
    for (std::size_t size = 0; size < whole.size(); size += 3) {
      INFO(ip.name << ", the first " << size << " bytes");
      ip.packet.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const int result = bench->Run("cgroup_skb_ingress", ip, 1);
      const bool counted = result != -EINVAL;  // newer kernels run no packet without an IP header
      if (counted) {
        CHECK(result == 1);
        ++runs;
      }
      CHECK(bench->Take() == (counted ? Traffic{size, 0, 1, 0} : Traffic{}));
    }
  }
  CHECK(runs > 1'000);
}

TEST_CASE("A packet that interrupts the counting of another is counted beside it", "[kernel]") {
  const auto bench = CgroupBench::MakeOrSkip();
  if (!bench) {
    return;
  }
  const IpVariant ip = Ipv4Variants().front();
  const int host = bench->Loaded().MapFd("host_stats_map");
  const std::uint32_t active = bench->Loaded().ActiveBank();
  std::vector<pdtt_host> interrupted(PossibleCpus());
  for (pdtt_host& cpu : interrupted) {
    cpu.claimed = 1;
  }
  REQUIRE(bpf_map_update_elem(host, &active, interrupted.data(), BPF_ANY) == 0);
  CHECK(bench->Run("cgroup_skb_ingress", ip, 1) == 1);
  CHECK(bench->Run("cgroup_skb_egress", ip, 1) == 1);
  std::vector<pdtt_host> after(interrupted.size());
  REQUIRE(bpf_map_lookup_elem(host, &active, after.data()) == 0);
  for (const pdtt_host& cpu : after) {
    CHECK(cpu.all.rx_packets + cpu.all.tx_packets == 0);
    CHECK(cpu.claimed == 1);  // still the other one's
  }
  CHECK(bench->Take() == Traffic{ip.packet.size(), ip.packet.size(), 1, 1});
  CHECK(bench->Run("cgroup_skb_egress", ip, 1) == 1);  // in the other bank, and not interrupted
  CHECK(bench->Take() == Traffic{0, ip.packet.size(), 0, 1});
  CHECK(bench->Run("cgroup_skb_egress", ip, 1) == 1);  // in the claimed one again
  CHECK(bench->Take() == Traffic{0, ip.packet.size(), 0, 1});
}

TEST_CASE("Each packet is counted whole in the bank that is active", "[kernel]") {
  const auto bench = CgroupBench::MakeOrSkip();
  if (!bench) {
    return;
  }
  const IpVariant ip = Ipv4Variants().front();
  PerCpuCounters host{bench->Loaded().MapFd("host_stats_map"), kHostWords};
  std::vector<std::uint64_t> banks(2 * kHostWords);
  for (std::uint64_t turn = 1; turn <= 3; ++turn) {
    const std::uint32_t active = bench->Loaded().ActiveBank();
    std::vector<std::uint64_t> before(banks.size());
    REQUIRE(host.Read(0, before));
    CHECK(bench->Run("cgroup_skb_ingress", ip, 1) == 1);
    REQUIRE(host.Read(0, banks));
    const std::size_t resting_at = (1 - active) * kHostWords;
    CHECK(std::equal(banks.begin() + static_cast<std::ptrdiff_t>(resting_at),
                     banks.begin() + static_cast<std::ptrdiff_t>(resting_at + kHostWords),
                     before.begin() + static_cast<std::ptrdiff_t>(resting_at)));
    CHECK(banks[active * kHostWords] == before[active * kHostWords] + ip.packet.size());
    CHECK(bench->Take() == Traffic{ip.packet.size(), 0, 1, 0});  // flips the bank
    CHECK(bench->Loaded().ActiveBank() == 1 - active);
  }
}

}  // namespace
}  // namespace pdtt::test
