/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Counts a packet as the original tracker's layout does: the IPv4 header is parsed for each packet,
 * the user is looked up in a hash and the connection in an LRU hash, both shared by all CPUs, and
 * four counters are added to. It has no IPv6, and takes a super-packet for one packet.
 */
#ifndef PDTT_ORIGINAL_LAYOUT_BPF_H
#define PDTT_ORIGINAL_LAYOUT_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "original_layout.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, kOriginalUsers);
  __type(key, __u32);
  __type(value, struct pdtt_original_traffic);
} original_users SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, kOriginalConnections);
  __type(key, struct pdtt_original_connection);
  __type(value, struct pdtt_original_traffic);
} original_connections SEC(".maps");

static __always_inline void original_add(struct pdtt_original_traffic* traffic, bool inbound,
                                         __u32 bytes) {
  __sync_fetch_and_add(inbound ? &traffic->rx_bytes : &traffic->tx_bytes, bytes);
  __sync_fetch_and_add(inbound ? &traffic->rx_packets : &traffic->tx_packets, 1);
}

static __always_inline bool original_parse(struct __sk_buff* skb, bool inbound,
                                           struct pdtt_original_connection* connection) {
  void* end = (void*)(long)skb->data_end;
  struct iphdr* ip = (void*)(long)skb->data;
  struct udphdr* ports; /* TCP's header begins with them, too */

  if ((void*)(ip + 1) > end || ip->version != 4)
    return false;
  connection->protocol = ip->protocol;
  connection->local_address = inbound ? ip->daddr : ip->saddr;
  connection->remote_address = inbound ? ip->saddr : ip->daddr;
  if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
    return true;
  ports = (void*)ip + ip->ihl * 4;
  if ((void*)(ports + 1) > end)
    return false;
  connection->local_port = inbound ? ports->dest : ports->source;
  connection->remote_port = inbound ? ports->source : ports->dest;
  return true;
}

static __always_inline int original_count(struct __sk_buff* skb, bool inbound) {
  struct pdtt_original_connection connection = {};
  struct pdtt_original_traffic none = {};
  struct pdtt_original_traffic* traffic;
  __u32 uid;

  if (!original_parse(skb, inbound, &connection))
    return 1;
  uid = bpf_get_socket_uid(skb);
  traffic = bpf_map_lookup_elem(&original_users, &uid);
  if (!traffic) {
    bpf_map_update_elem(&original_users, &uid, &none, BPF_NOEXIST);
    traffic = bpf_map_lookup_elem(&original_users, &uid);
  }
  if (traffic)
    original_add(traffic, inbound, skb->len);
  traffic = bpf_map_lookup_elem(&original_connections, &connection);
  if (!traffic) {
    bpf_map_update_elem(&original_connections, &connection, &none, BPF_NOEXIST);
    traffic = bpf_map_lookup_elem(&original_connections, &connection);
  }
  if (traffic)
    original_add(traffic, inbound, skb->len);
  return 1;
}

#endif
