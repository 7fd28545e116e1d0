// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The layout that this project's forerunner had, written anew: for each packet, a shared hash of
 * users and an LRU hash of connections, both found by what the packet says; IPv4 only. It asks for
 * the user once, where the forerunner asked twice.
 */
#include "turns.bpf.h"
#include "original.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

#define ETH_P_IP	 0x0800
#define ROOT		 0
#define NOBODY_TO_BE_HAD 0xffffffffU

struct original_key {
	__u32 saddr;
	__u32 daddr;
	__u16 sport;
	__u16 dport;
};

struct original_conn {
	__u32 uid;
	__u32 saddr;
	__u32 daddr;
	__u16 sport;
	__u16 dport;
	__u64 tx_bytes;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 rx_packets;
	__u32 pid;
	char username[16];
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ORIGINAL_USERS);
	__type(key, __u32);
	__type(value, struct original_user);
} original_users SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct original_key);
	__type(value, __u32);
} original_uids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct original_key);
	__type(value, struct original_conn);
} original_conns SEC(".maps");

/* Local to remote. `ports` is where TCP and UDP both have them. */
static __always_inline bool read_key(struct iphdr *ip, void *end, bool inbound,
				     struct original_key *key)
{
	struct udphdr *ports;

	if ((void *)(ip + 1) > end || ip->version != 4)
		return false;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return false;
	ports = (void *)ip + ip->ihl * 4;
	if ((void *)(ports + 1) > end)
		return false;
	key->saddr = inbound ? ip->daddr : ip->saddr;
	key->daddr = inbound ? ip->saddr : ip->daddr;
	key->sport = inbound ? ports->dest : ports->source;
	key->dport = inbound ? ports->source : ports->dest;
	return true;
}

static __always_inline struct original_user *user_of(__u32 uid)
{
	struct original_user *user = bpf_map_lookup_elem(&original_users, &uid);
	struct original_user init = {.uid = uid};

	if (user)
		return user;
	bpf_map_update_elem(&original_users, &uid, &init, BPF_NOEXIST);
	return bpf_map_lookup_elem(&original_users, &uid);
}

static __always_inline struct original_conn *conn_of(const struct original_key *key, __u32 uid)
{
	struct original_conn *conn = bpf_map_lookup_elem(&original_conns, key);
	struct original_conn init = {.uid = uid};

	if (conn)
		return conn;
	init.saddr = key->saddr;
	init.daddr = key->daddr;
	init.sport = key->sport;
	init.dport = key->dport;
	bpf_map_update_elem(&original_conns, key, &init, BPF_NOEXIST);
	return bpf_map_lookup_elem(&original_conns, key);
}

static __always_inline void count_as_original(struct __sk_buff *skb, bool inbound)
{
	__u32 turn = turn_of(skb);
	__u32 uid = bpf_get_socket_uid(skb);
	struct original_key key = {};
	struct original_user *user;
	struct original_conn *conn;

	if (uid == NOBODY_TO_BE_HAD)
		return;
	uid += uid_offset;
	if (uid == ROOT)
		return;
	if (!read_key((void *)(long)skb->data, (void *)(long)skb->data_end, inbound, &key))
		return;
	if (connections > 1)
		key.dport += turn;
	user = user_of(uid);
	if (user) {
		__sync_fetch_and_add(inbound ? &user->rx_bytes : &user->tx_bytes, skb->len);
		__sync_fetch_and_add(inbound ? &user->rx_packets : &user->tx_packets, 1);
	}
	conn = conn_of(&key, uid);
	if (conn) {
		__sync_fetch_and_add(inbound ? &conn->rx_bytes : &conn->tx_bytes, skb->len);
		__sync_fetch_and_add(inbound ? &conn->rx_packets : &conn->tx_packets, 1);
	}
}

SEC("cgroup_skb/ingress")
int original_ingress(struct __sk_buff *skb)
{
	count_as_original(skb, true);
	return 1;
}

SEC("cgroup_skb/egress")
int original_egress(struct __sk_buff *skb)
{
	count_as_original(skb, false);
	return 1;
}

SEC("xdp")
int original_xdp(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct original_user *user;
	struct original_key key = {};
	__u32 *uid;

	take_turn(ethernet, end);
	if ((void *)(ethernet + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (!read_key((void *)(ethernet + 1), end, true, &key))
		return XDP_PASS;
	uid = bpf_map_lookup_elem(&original_uids, &key);
	if (!uid)
		return XDP_PASS;
	user = bpf_map_lookup_elem(&original_users, uid);
	if (!user)
		return XDP_PASS;
	__sync_fetch_and_add(&user->rx_bytes, end - (void *)ethernet);
	__sync_fetch_and_add(&user->rx_packets, 1);
	return XDP_PASS;
}
