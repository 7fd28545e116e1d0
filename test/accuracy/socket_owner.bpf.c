// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What bpf_get_socket_uid alone would say: wire bytes to and from the suite's peers, by its answer.
 * It shares nothing with the exporter's programs, and tells only owners apart, not connections.
 */
#include <vmlinux.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "socket_owner.h"

enum { kIpv4 = 0x0800, kIpv6 = 0x86dd, kTcp = 6, kUdp = 17, kUdpHeader = 8 };

const volatile struct peer_address peers[kMaxPeers];
const volatile __u32 peer_count;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, kMaxOwners);
  __type(key, __u32);
  __type(value, __u64);
} owner_bytes SEC(".maps");

struct packet {
  struct peer_address source, target;
  __u32 headers;
};

static __always_inline void map_ipv4(struct peer_address* address, __u32 ipv4) {
  address->word[2] = bpf_htonl(0xffff);
  address->word[3] = ipv4;
}

static __always_inline bool parse(struct __sk_buff* skb, struct packet* packet) {
  struct ipv6hdr ipv6;
  struct iphdr ipv4;
  struct tcphdr tcp;
  __u8 protocol;

  if (skb->protocol == bpf_htons(kIpv4)) {
    if (bpf_skb_load_bytes(skb, 0, &ipv4, sizeof(ipv4)))
      return false;
    map_ipv4(&packet->source, ipv4.saddr);
    map_ipv4(&packet->target, ipv4.daddr);
    packet->headers = ipv4.ihl * 4;
    protocol = ipv4.protocol;
  } else if (skb->protocol == bpf_htons(kIpv6)) {
    if (bpf_skb_load_bytes(skb, 0, &ipv6, sizeof(ipv6)))
      return false;
    __builtin_memcpy(&packet->source, &ipv6.saddr, sizeof(packet->source));
    __builtin_memcpy(&packet->target, &ipv6.daddr, sizeof(packet->target));
    packet->headers = sizeof(ipv6);
    protocol = ipv6.nexthdr;
  } else {
    return false;
  }
  if (protocol == kTcp) {
    if (bpf_skb_load_bytes(skb, packet->headers, &tcp, sizeof(tcp)))
      return false;
    packet->headers += tcp.doff * 4;
  } else if (protocol == kUdp) {
    packet->headers += kUdpHeader;
  }
  return true;
}

static __always_inline bool is_peer(const struct peer_address* address) {
  for (__u32 i = 0; i < kMaxPeers; i++) {
    if (i >= peer_count)
      break;
    if (address->word[0] == peers[i].word[0] && address->word[1] == peers[i].word[1] &&
        address->word[2] == peers[i].word[2] && address->word[3] == peers[i].word[3])
      return true;
  }
  return false;
}

static __always_inline int count(struct __sk_buff* skb, bool inbound) {
  struct packet packet = {};
  __u64 none = 0, bytes = skb->len;
  __u64* total;
  __u32 owner;

  if (!parse(skb, &packet) || !is_peer(inbound ? &packet.source : &packet.target))
    return 1;
  // A super-packet carries one header for all of its segments.
  if (skb->gso_segs > 1)
    bytes += (__u64)(skb->gso_segs - 1) * packet.headers;
  owner = bpf_get_socket_uid(skb);
  bpf_map_update_elem(&owner_bytes, &owner, &none, BPF_NOEXIST);
  total = bpf_map_lookup_elem(&owner_bytes, &owner);
  if (total)
    __sync_fetch_and_add(total, bytes);
  return 1;
}

/* Runs in softirq when a socket is given a packet. */
SEC("cgroup_skb/ingress")
int owner_ingress(struct __sk_buff* skb) {
  return count(skb, true);
}

/* Runs in the sender's context or in softirq, before segmentation. */
SEC("cgroup_skb/egress")
int owner_egress(struct __sk_buff* skb) {
  return count(skb, false);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
