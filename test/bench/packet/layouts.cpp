// SPDX-License-Identifier: Apache-2.0
#include "layouts.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "bpf/error.h"
#include "bpf/libbpf_log.h"
#include "bpf/map_reader.h"
#include "bpf/slots.h"
#include "pdtt_abi.h"

#include "pdtt_packet.skel.h"

namespace pdtt::bench {
namespace {

/// The forerunner's record of a user: original.bpf.c.
struct OriginalUser {
  std::uint32_t uid;
  std::uint32_t pid;
  std::uint64_t transmit_bytes;
  std::uint64_t receive_bytes;
  std::uint64_t transmit_packets;
  std::uint64_t receive_packets;
  std::array<char, 16> name;
};

// What both objects have is the exporter's; its settings are constants to the verifier.
void ShareMaps(const pdtt_packet& skeleton, const Programs& exporter) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton.obj) {
    std::string name = bpf_map__name(map);
    if (map == skeleton.maps.data_bench) {
      continue;
    }
    if (map == skeleton.maps.rodata) {
      name = ".rodata";
    } else if (map == skeleton.maps.bss) {
      name = ".bss";
    } else if (name.starts_with("original_") || name == "packet_events") {
      continue;
    }
    if (const int error = bpf_map__reuse_fd(map, exporter.MapFd(name)); error != 0) {
      ThrowBpf(error, "share " + name);
    }
  }
}

}  // namespace

const char* NameOf(Layout layout) {
  constexpr std::array kNames{"empty program", "ours", "original layout", "event per packet"};
  return kNames[static_cast<std::size_t>(layout)];
}

const char* NameOf(Hook hook) {
  constexpr std::array kNames{"ingress", "egress", "xdp"};
  return kNames[static_cast<std::size_t>(hook)];
}

void Layouts::Destroy::operator()(pdtt_packet* skeleton) const noexcept {
  pdtt_packet__destroy(skeleton);
}

Layouts::Layouts(const ProgramOptions& options)
    : exporter_(options),
      skeleton_(pdtt_packet__open()),
      accounts_(static_cast<std::uint32_t>(options.accounts)),
      reader_({exporter_.MapFd("account_map"), exporter_.MapFd("user_stats_map"),
               exporter_.MapFd("host_stats_map")},
              accounts_, std::nullopt,
              [this](std::uint32_t bank) { exporter_.SetActiveBank(bank); }) {
  if (!skeleton_) {
    ThrowBpf(errno, "open the benchmark's programs");
  }
  FillFreeSlots(exporter_.MapFd("account_map"), exporter_.MapFd("free_slots_map"), accounts_);
  ShareMaps(*skeleton_, exporter_);
  const LibbpfLog log;
  if (const int error = pdtt_packet__load(skeleton_.get()); error != 0) {
    ThrowBpf(error, "load the benchmark's programs: " + std::string{log.Text()});
  }
  SetUidOffset(kUid);
}

Layouts::~Layouts() = default;

int Layouts::TestProgram(Layout layout, Hook hook) const {
  constexpr std::array kPrefixes{"empty", "ours", "original", "event"};
  const std::string name =
      std::string{kPrefixes[static_cast<std::size_t>(layout)]} + "_" + NameOf(hook);
  const bpf_program* found = bpf_object__find_program_by_name(skeleton_->obj, name.c_str());
  return found == nullptr ? -1 : bpf_program__fd(found);
}

int Layouts::MapFd(const char* name) const {
  const int fd = bpf_object__find_map_fd_by_name(skeleton_->obj, name);
  if (fd < 0) {
    throw std::logic_error(std::string{"no map "} + name);
  }
  return fd;
}

void Layouts::SetConnections(std::uint32_t connections) {
  skeleton_->data_bench->connections = connections;
}

void Layouts::SetSocket(pdtt_protocol protocol, bool connected) {
  skeleton_->data_bench->socket_protocol = protocol;
  skeleton_->data_bench->socket_connected = connected ? 1 : 0;
}

void Layouts::SetUidOffset(std::uint32_t offset) {
  skeleton_->data_bench->uid_offset = offset;
}

std::uint64_t Layouts::LostEvents() const {
  return skeleton_->data_bench->lost_events;
}

Counted Layouts::CountOriginal(bool inbound) const {
  OriginalUser user{};
  const std::uint32_t uid = kUid;
  if (bpf_map_lookup_elem(MapFd("original_users"), &uid, &user) != 0) {
    return {};
  }
  return inbound ? Counted{user.receive_bytes, user.receive_packets}
                 : Counted{user.transmit_bytes, user.transmit_packets};
}

Counted Layouts::CountOurs(Hook hook) {
  if (hook == Hook::kXdp) {
    std::vector<std::uint64_t> words(accounts_ * 2UL);
    if (!PerCpuCounters{exporter_.MapFd("xdp_user_map"), 2}.Read(0, words)) {
      throw std::runtime_error("the counters of XDP cannot be read");
    }
    Counted sum;
    for (std::size_t i = 0; i < words.size(); i += 2) {
      sum.bytes += words[i];
      sum.packets += words[i + 1];
    }
    return sum;
  }
  const auto reading = reader_.Read();
  if (!reading) {
    throw std::runtime_error("the accounts cannot be read");
  }
  Counted sum;
  for (const AccountReading& account : reading->accounts) {
    if (account.uid == kUid) {
      sum.bytes +=
          hook == Hook::kIngress ? account.traffic.receive_bytes : account.traffic.transmit_bytes;
      sum.packets += hook == Hook::kIngress ? account.traffic.receive_packets
                                            : account.traffic.transmit_packets;
    }
  }
  return sum;
}

std::uint64_t Layouts::CountHostPackets() {
  const auto reading = reader_.Read();
  if (!reading) {
    throw std::runtime_error("the accounts cannot be read");
  }
  const HostReading& host = reading->host;
  Traffic parts = host.no_socket;
  parts += host.table_full;
  parts += host.nested;
  for (const AccountReading& account : reading->accounts) {
    parts += account.traffic;
  }
  if (parts != host.all) {
    throw std::runtime_error("the accounts do not add up to the total");
  }
  return host.all.receive_packets + host.all.transmit_packets;
}

Counted Layouts::Count(Layout layout, Hook hook) {
  switch (layout) {
    case Layout::kOurs:
      return CountOurs(hook);
    case Layout::kOriginal:
      return CountOriginal(hook != Hook::kEgress);
    default:
      return {};
  }
}

}  // namespace pdtt::bench
