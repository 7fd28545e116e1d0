/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Accounts: which one a user's traffic belongs to, and adding to it. The only writer of counters.
 *
 * All adds are atomic, per-CPU values included: a program in process context can be interrupted
 * by a softirq that runs the same program on the same CPU. The one exception is claim().
 */
#ifndef PDTT_ACCOUNTING_BPF_H
#define PDTT_ACCOUNTING_BPF_H

#include "maps.bpf.h"
#include "conn_key.bpf.h"
#include "kernel_support.bpf.h"

#define PDTT_IPV6_BITS 128

static __always_inline void add(__u64 *counter, __u64 amount)
{
	__sync_fetch_and_add(counter, amount);
}

static __always_inline void count_failure(enum pdtt_map map)
{
	__u32 index = map;
	__u64 *failures = bpf_map_lookup_elem(&failure_map, &index);

	if (failures)
		add(failures, 1);
}

/*
 * SOCK_RAW sockets may name any protocol: only the stack's own TCP and UDP count as such. A
 * Multipath TCP socket sends no packets of its own, its subflows are TCP.
 */
static __always_inline enum pdtt_protocol protocol_class(__u32 type, __u32 ip_protocol)
{
	if (type == SOCK_STREAM && (ip_protocol == IPPROTO_TCP || ip_protocol == IPPROTO_MPTCP))
		return PDTT_TCP;
	return type == SOCK_DGRAM && ip_protocol == IPPROTO_UDP ? PDTT_UDP : PDTT_OTHER;
}

/* Class 0 also where the trie has no answer; the exporter gives it prefixes for all addresses. */
__subprog __u32 network_of(const struct pdtt_conn_key *key)
{
	struct pdtt_lpm_key lpm = {.prefix_len = PDTT_IPV6_BITS};
	__u32 *network;

	copy_addr(lpm.addr, key->remote_addr);
	network = bpf_map_lookup_elem(&network_map, &lpm);
	return network ? *network : 0;
}

/* Tells the exporter, which looks the name up before the next scrape asks for it. */
static __always_inline void announce_account(__u32 uid)
{
	struct pdtt_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count_failure(PDTT_EVENTS);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->type = PDTT_EVENT_NEW_ACCOUNT;
	event->conn.uid = uid;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* The slot of an account, made if there is none yet. PDTT_NO_SLOT: the table is full. */
__global_subprog __u32 account_slot(__u32 uid, __u32 network, __u32 protocol)
{
	struct pdtt_account_key key = {.uid = uid, .network = network, .protocol = protocol};
	__u32 *known = bpf_map_lookup_elem(&account_map, &key);
	__u32 slot;

	if (known)
		return *known;
	if (bpf_map_pop_elem(&free_slots_map, &slot)) {
		count_failure(PDTT_ACCOUNT_MAP);
		return PDTT_NO_SLOT;
	}
	if (!bpf_map_update_elem(&account_map, &key, &slot, BPF_NOEXIST)) {
		announce_account(uid);
		return slot;
	}
	bpf_map_push_elem(&free_slots_map, &slot, 0);
	known = bpf_map_lookup_elem(&account_map, &key); /* another CPU was quicker */
	if (known)
		return *known;
	count_failure(PDTT_ACCOUNT_MAP);
	return PDTT_NO_SLOT;
}

/* NULL for PDTT_NO_SLOT. */
static __always_inline struct pdtt_account *account_at(__u32 slot, __u32 bank)
{
	__u32 index = slot + (bank ? settings.accounts : 0);

	if (slot == PDTT_NO_SLOT)
		return NULL;
	return bpf_map_lookup_elem(&user_stats_map, &index);
}

static __always_inline struct pdtt_account *account_now(__u32 slot)
{
	return account_at(slot, active_bank & 1);
}

static __always_inline struct pdtt_host *host_at(__u32 bank)
{
	return bpf_map_lookup_elem(&host_stats_map, &bank);
}

/*
 * Four atomic adds cost more than all else that a packet takes, so one claims the CPU's counters
 * for it. Whoever interrupts the program that has them, from a softirq or because the scheduler
 * took turns, gets false, and adds what it counts elsewhere, atomically: `meanwhile`. So nothing
 * but the claimant writes to the counters proper of its CPU, and its plain adds lose nothing.
 */
static __always_inline bool claim(struct pdtt_host *host)
{
#ifdef PDTT_NO_FETCH_ATOMICS
	return false;
#else
	return compare_and_swap(&host->claimed, 0, 1);
#endif
}

static __always_inline void release(struct pdtt_host *host)
{
	*(volatile __u32 *)&host->claimed = 0;
}

static __always_inline void add_claimed(struct pdtt_traffic *traffic, bool inbound, __u64 bytes,
					__u64 packets)
{
	if (inbound) {
		*(volatile __u64 *)&traffic->rx_bytes += bytes;
		*(volatile __u64 *)&traffic->rx_packets += packets;
	} else {
		*(volatile __u64 *)&traffic->tx_bytes += bytes;
		*(volatile __u64 *)&traffic->tx_packets += packets;
	}
}

static __always_inline void add_traffic(struct pdtt_traffic *traffic, bool inbound, __u64 bytes,
					__u64 packets)
{
	if (inbound) {
		add(&traffic->rx_bytes, bytes);
		add(&traffic->rx_packets, packets);
	} else {
		add(&traffic->tx_bytes, bytes);
		add(&traffic->tx_packets, packets);
	}
}

#endif /* PDTT_ACCOUNTING_BPF_H */
