/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Counts one packet of a socket in the cgroup hooks: wire size, account, connection or flow.
 *
 * An established TCP connection takes the short way: socket -> storage -> slot -> adds. All else
 * (listeners, UDP, raw sockets, sockets older than the programs) asks the packet for its peer.
 */
#ifndef PDTT_SKB_ACCOUNTING_BPF_H
#define PDTT_SKB_ACCOUNTING_BPF_H

#include "adoption.bpf.h"
#include "caller.bpf.h"

struct packet_size {
	__u64 bytes;
	__u64 packets;
	bool inbound;
};

/* A GSO or GRO super-packet has one header for all of its segments; the wire has one for each. */
__global_subprog __u64 super_packet_bytes(struct __sk_buff *skb)
{
	struct pdtt_packet packet = {};

	parse_skb(skb, true, &packet);
	return skb->len - packet.jumbo + (skb->gso_segs - 1) * packet.headers;
}

static __always_inline void measure(struct __sk_buff *skb, struct packet_size *size)
{
	__u32 segments = skb->gso_segs;

	size->bytes = skb->len;
	size->packets = 1;
	if (segments > 1) {
		size->bytes = super_packet_bytes(skb);
		size->packets = segments;
	}
}

/*
 * In softirq there is no process to ask, so the kernel's idea of the owner has to do until the
 * owner's next I/O. Where this hook cannot say it, for UDP over IPv4, the packet is nobody's:
 * bpf_get_socket_uid() answers in the user namespace of the socket's network namespace, with the
 * uid of somebody else. Raw sockets are left alone: without storage they are the kernel's own,
 * which send resets and ICMP for nobody. NULL: there is no owner to be had, or `refused` is set and
 * there was no room to note it.
 */
__subprog struct pdtt_conn *adopt_by_packet(struct __sk_buff *skb, bool *refused)
{
	struct bpf_sock *sk = skb->sk;
	struct pdtt_conn *conn;
	struct udp6_sock *udp6;
	struct tcp_sock *tcp;

	if (!sk)
		return NULL;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return NULL;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp) {
		conn = adopt((struct sock *)tcp, tcp->inet_conn.icsk_inet.sk.sk_uid.val);
	} else {
		udp6 = bpf_skc_to_udp6_sock(sk);
		if (!udp6)
			return NULL;
		conn = adopt((struct sock *)udp6, udp6->udp.inet.sk.sk_uid.val);
	}
	*refused = !conn;
	return conn;
}

/* Counts a packet of an unconnected socket under its peer, and returns the account's slot. */
__subprog __u32 count_flow(struct pdtt_conn *conn, const struct pdtt_conn_key *key,
			   const struct packet_size *size)
{
	struct pdtt_flow_key flow_key = {};
	struct pdtt_flow init = {};
	struct pdtt_flow *flow;

	flow_key.conn = *key;
	flow_key.netns_cookie = conn->netns_cookie;
	flow_key.uid = conn->uid;
	flow_key.protocol = conn->protocol;
	flow = bpf_map_lookup_elem(&flow_stats_map, &flow_key);
	if (!flow) {
		init.start_ns = bpf_ktime_get_boot_ns();
		init.pid = conn->pid;
		init.network = network_of(key);
		init.slot = account_slot(conn->uid, init.network, conn->protocol);
		init.direction = size->inbound ? PDTT_INBOUND : PDTT_OUTBOUND;
		__builtin_memcpy(init.comm, conn->comm, sizeof(init.comm));
		bpf_map_update_elem(&flow_stats_map, &flow_key, &init, BPF_NOEXIST);
		bridge_add(key, conn->uid, init.slot, conn->netns_cookie);
		flow = bpf_map_lookup_elem(&flow_stats_map, &flow_key);
		if (!flow) {
			count_failure(PDTT_FLOW_MAP);
			return init.slot;
		}
	}
	flow->last_ns = recent_ns();
	add_traffic(&flow->traffic, size->inbound, size->bytes, size->packets);
	return flow->slot;
}

/* A listener's handshakes have many peers; an older connection is resolved by its first packet. */
static __always_inline __u32 count_tcp(struct bpf_sock *sk, struct pdtt_conn *conn,
				       const struct pdtt_conn_key *key,
				       const struct packet_size *size)
{
	if (!(conn->flags & PDTT_CONN_OLDER) || sk->state != BPF_TCP_ESTABLISHED)
		return account_slot(conn->uid, network_of(key), conn->protocol);
	resolve(conn, key);
	open_connection(conn, likely_direction(key->local_port));
	add_traffic(&conn->traffic, size->inbound, size->bytes, size->packets);
	return conn->slot;
}

/* connect() gives a UDP socket one peer, though sendto() may still name another. */
static __always_inline __u32 count_udp(struct bpf_sock *sk, struct pdtt_conn *conn,
				       const struct pdtt_conn_key *key,
				       const struct packet_size *size)
{
	struct pdtt_conn_key connected = {};

	if (conn->flags & PDTT_CONN_RESOLVED && same_remote(&conn->key, key)) {
		add_traffic(&conn->traffic, size->inbound, size->bytes, size->packets);
		return conn->slot;
	}
	open_connection(conn, size->inbound ? PDTT_INBOUND : PDTT_OUTBOUND);
	if (sk->state != BPF_TCP_ESTABLISHED) /* connected, for UDP too */
		return count_flow(conn, key, size);
	remote_from_sock(&connected, sk);
	if (!same_remote(&connected, key))
		return count_flow(conn, key, size);
	end_record(conn, PDTT_CLOSED);
	resolve(conn, key);
	add_traffic(&conn->traffic, size->inbound, size->bytes, size->packets);
	return conn->slot;
}

/* The account of a packet whose socket does not already say it. */
__subprog __u32 slot_by_packet(struct __sk_buff *skb, struct pdtt_conn *conn,
			       const struct packet_size *size)
{
	struct bpf_sock *sk = skb->sk;
	struct pdtt_packet packet = {};

	if (!sk)
		return conn->home_slot;
	if (!parse_skb(skb, size->inbound, &packet))
		return conn->home_slot;
	if (conn->protocol == PDTT_TCP)
		return count_tcp(sk, conn, &packet.key, size);
	if (conn->protocol == PDTT_UDP)
		return count_udp(sk, conn, &packet.key, size);
	packet.key.local_port = 0;
	packet.key.remote_port = 0;
	open_connection(conn, size->inbound ? PDTT_INBOUND : PDTT_OUTBOUND);
	return count_flow(conn, &packet.key, size);
}

/*
 * A process that sends does so in egress, before the socket layer hears of it: without this, all
 * of a large first write would stay with the old owner. The same goes for a reader, whose window
 * updates are sent in its own context. What close() sends is not its doing.
 */
__subprog int hand_over_to_caller(struct __sk_buff *skb, struct pdtt_conn *conn)
{
	struct bpf_sock *sk = skb->sk;
	struct tcp_sock *tcp;
	__u32 caller;

	caller = current_user();
	if (!outranks(caller, conn->uid) || !sk)
		return 0;
	if (sk->state != BPF_TCP_ESTABLISHED && sk->state != BPF_TCP_CLOSE_WAIT)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp && is_callers(tcp->inet_conn.icsk_inet.sk.sk_socket))
		hand_over(conn, caller);
	return 0;
}

/* The packet came another way, or another device came up; numbers of devices can be used again. */
__subprog bool has_another_way_out(struct __sk_buff *skb, struct pdtt_conn *conn, bool inbound)
{
	struct net *net = current_net();
	struct bpf_sock *sk = skb->sk;
	struct tcp_sock *tcp;

	if (skb->ifindex != conn->tap_ifindex && skb->ifindex != PDTT_LOOPBACK_IFINDEX)
		return true;
	if (inbound)
		return false;
	/* Softirq, and the process is another one. */
	if (!conn->netns_cookie || cookie_of(net) != conn->netns_cookie) {
		tcp = sk ? bpf_skc_to_tcp_sock(sk) : NULL;
		if (!tcp)
			return false;
		net = BPF_CORE_READ(tcp, inet_conn.icsk_inet.sk.__sk_common.skc_net.net);
	}
	return !only_tap((__u64)net);
}

/*
 * What was behind a tap device when the socket was made may have another way out by now. Then the
 * socket is like any other whose beginning went unseen.
 */
static __always_inline bool is_nested(struct __sk_buff *skb, struct pdtt_conn *conn, bool inbound)
{
	if (!(conn->flags & PDTT_CONN_NESTED))
		return false;
	if (!has_another_way_out(skb, conn, inbound))
		return true;
	take_flag(conn, PDTT_CONN_OLDER);
	conn->home_slot = account_slot(conn->uid, 0, conn->protocol);
	drop_flag(conn, PDTT_CONN_NESTED);
	return false;
}

/* The slot of the packet's account. PDTT_NO_SLOT: there is no room for one. */
static __always_inline __u32 slot_of(struct __sk_buff *skb, struct pdtt_conn *conn,
				     const struct packet_size *size)
{
	if (!size->inbound && conn->protocol == PDTT_TCP && !(conn->flags & PDTT_CONN_SETTLED))
		hand_over_to_caller(skb, conn);
	if (conn->protocol != PDTT_TCP || !(conn->flags & PDTT_CONN_RESOLVED))
		return slot_by_packet(skb, conn, size);
	add_traffic(&conn->traffic, size->inbound, size->bytes, size->packets);
	return conn->slot;
}

/* Where a packet belongs that is in the total already. */
static __always_inline void count_part(struct __sk_buff *skb, __u32 bank, struct pdtt_host *host,
				       const struct packet_size *size, bool claimed)
{
	struct bpf_sock *sk = skb->sk;
	struct pdtt_conn *conn = NULL;
	struct pdtt_account *account;
	bool refused = false;

	if (sk)
		conn = bpf_sk_storage_get(&conn_stats_map, sk, 0, 0);
	if (!conn)
		conn = adopt_by_packet(skb, &refused);
	if (!conn) {
		add_traffic(refused ? &host->table_full : &host->no_socket, size->inbound,
			    size->bytes, size->packets);
		return;
	}
	if (is_nested(skb, conn, size->inbound)) {
		add_traffic(&host->nested, size->inbound, size->bytes, size->packets);
		return;
	}
	account = account_at(slot_of(skb, conn, size), bank);
	if (account && claimed)
		add_claimed(&account->traffic, size->inbound, size->bytes, size->packets);
	else
		add_traffic(account ? &account->meanwhile : &host->table_full, size->inbound,
			    size->bytes, size->packets);
}

/* The bank is read once, so that a packet is whole in one of them. */
static __always_inline void count_packet(struct __sk_buff *skb, bool inbound)
{
	__u32 bank = active_bank & 1;
	struct pdtt_host *host = host_at(bank);
	struct packet_size size = {.inbound = inbound};
	bool claimed;

	if (!host)
		return;
	claimed = claim(host);
	measure(skb, &size);
	if (claimed)
		add_claimed(&host->all, inbound, size.bytes, size.packets);
	else
		add_traffic(&host->all_meanwhile, inbound, size.bytes, size.packets);
	count_part(skb, bank, host, &size, claimed);
	if (claimed)
		release(host);
}

#endif /* PDTT_SKB_ACCOUNTING_BPF_H */
