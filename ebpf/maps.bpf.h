/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Every map of the project. Weak, so that each .bpf.c may include this file. */
#ifndef PDTT_MAPS_BPF_H
#define PDTT_MAPS_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "pdtt_abi.h"

/* A function of its own in the program: one copy of what several paths need, called at run time. */
#define __subprog static __noinline __attribute__((unused))

/*
 * The same, but the verifier goes through it once, for any arguments, and not once for each path to
 * it. For that, arguments are numbers or the context, and the result is a number.
 */
#define __global_subprog __weak __noinline

/* The sizes are those of the default configuration; the exporter sets them before load. */
#define PDTT_DEFAULT_ACCOUNTS	 4096
#define PDTT_DEFAULT_CONNECTIONS 65536

const volatile struct pdtt_settings settings SEC(".rodata") __weak = {};

/* The bank that programs add to, 0 or 1; the exporter flips it through the mapped section. */
volatile __u32 active_bank SEC(".bss") __weak = 0;

/*
 * Programs of the socket layer cannot be exchanged in place: while old and new ones are attached
 * together, this says which of them count.
 */
volatile __u32 active_generation SEC(".bss") __weak = 0;

/* Socket -> owner, peer and counters. Cloned from a listener to the sockets it accepts. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct pdtt_conn);
} conn_stats_map SEC(".maps") __weak;

/* Account -> slot. Consulted once per connection, not per packet. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PDTT_DEFAULT_ACCOUNTS);
	__type(key, struct pdtt_account_key);
	__type(value, __u32);
} account_map SEC(".maps") __weak;

/* Slots no account has yet; the exporter fills it before anything is attached. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, PDTT_DEFAULT_ACCOUNTS);
	__uint(key_size, 0);
	__uint(value_size, sizeof(__u32));
} free_slots_map SEC(".maps") __weak;

/* bank * settings.accounts + slot -> the counters of an account. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PDTT_DEFAULT_ACCOUNTS *PDTT_BANKS);
	__type(key, __u32);
	__type(value, struct pdtt_account);
} user_stats_map SEC(".maps") __weak;

/* bank -> the host's totals. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PDTT_BANKS);
	__type(key, __u32);
	__type(value, struct pdtt_host);
} host_stats_map SEC(".maps") __weak;

/*
 * What was counted by programs with other tables, which these have replaced. The exporter's alone,
 * like the two after them; programs never look.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PDTT_DEFAULT_ACCOUNTS);
	__type(key, struct pdtt_account_key);
	__type(value, struct pdtt_account);
} carried_map SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pdtt_host);
} carried_host SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pdtt_state);
} state_map SEC(".maps") __weak;

/* Network class -> its name, so that classes keep their numbers whatever is configured. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PDTT_MAX_NETWORKS);
	__type(key, __u32);
	__type(value, struct pdtt_network_name);
} network_names SEC(".maps") __weak;

/* Remote address -> network class. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct pdtt_lpm_key);
	__type(value, __u32);
} network_map SEC(".maps") __weak;

/* Sub-uid of a rootless container -> the user it belongs to. The exporter keeps it up to date. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024 * 1024);
	__type(key, struct pdtt_uid_lpm_key);
	__type(value, __u32);
} subuid_map SEC(".maps") __weak;

/* One peer of an unconnected socket -> its counters. Bounded: idle peers make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PDTT_DEFAULT_CONNECTIONS);
	__type(key, struct pdtt_flow_key);
	__type(value, struct pdtt_flow);
} flow_stats_map SEC(".maps") __weak;

/* The bridge to XDP, which sees frames but no sockets. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PDTT_DEFAULT_CONNECTIONS);
	__type(key, struct pdtt_conn_key);
	__type(value, struct pdtt_conn_owner);
} conn_uid_map SEC(".maps") __weak;

/* slot * settings.interfaces + interface -> frames of known connections. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PDTT_DEFAULT_ACCOUNTS);
	__type(key, __u32);
	__type(value, struct pdtt_frames);
} xdp_user_map SEC(".maps") __weak;

/* interface * PDTT_XDP_RESULTS + result -> frames. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PDTT_MAX_INTERFACES *PDTT_XDP_RESULTS);
	__type(key, __u32);
	__type(value, struct pdtt_frames);
} xdp_result_map SEC(".maps") __weak;

/* Socket (address) -> what its process has sent and received: the kprobe way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PDTT_DEFAULT_CONNECTIONS);
	__type(key, __u64);
	__type(value, struct pdtt_tcp_progress);
} tcp_seen_map SEC(".maps") __weak;

/* Task (address) -> the UDP socket it is sending through: the kprobe way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PDTT_DEFAULT_CONNECTIONS);
	__type(key, __u64);
	__type(value, __u64);
} udp_calls_map SEC(".maps") __weak;

/* enum pdtt_map -> inserts that were refused. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PDTT_MAPS);
	__type(key, __u32);
	__type(value, __u64);
} failure_map SEC(".maps") __weak;

/*
 * What the exporter listens on -> 0. A prefix where it listens on every address of one. Of this
 * process alone, as is the next: neither is ever pinned.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct pdtt_listen_key);
	__type(value, __u32);
} listen_map SEC(".maps") __weak;

/* Uids of this host's users who may connect to that -> 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PDTT_MAX_CLIENTS);
	__type(key, __u32);
	__type(value, __u32);
} client_map SEC(".maps") __weak;

/*
 * Where iter_sockets puts its copies. Of this process alone, never pinned. Memory that the exporter
 * maps: what an iterator writes to its file leaves in pieces of 32 KiB, and the kernel finds its
 * way to the next piece by walking over all sockets before it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PDTT_DEFAULT_CONNECTIONS);
	__type(key, __u32);
	__type(value, struct pdtt_conn);
} socket_copies SEC(".maps") __weak;

/*
 * Closed connections and new accounts, in the order they happened. Room for 50,000: the exporter
 * takes them five times a second, but lets go of them when their records are written. It maps its
 * pages only while it reads them: they count as resident memory.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} events SEC(".maps") __weak;

#endif /* PDTT_MAPS_BPF_H */
