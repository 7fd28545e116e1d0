/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The binary contract between the BPF programs and the exporter.
 *
 * Both compilers read this file, so it holds plain data only: fixed-width
 * fields, every padding byte spelled out, sizes asserted at the bottom.
 */
#ifndef PDTT_ABI_H
#define PDTT_ABI_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define PDTT_MAX_INTERFACES	   16
#define PDTT_MAX_SYSTEM_UID_RANGES 16
#define PDTT_COMM_LEN		   16
#define PDTT_ROOT_CGROUP	   1
#define PDTT_NO_SLOT		   0xffffffffU
/* The owner of sockets that the kernel made for itself: (uid_t)-1, which no account can have. */
#define PDTT_KERNEL_UID 0xffffffffU

/*
 * Counters whose sums must agree exist twice. Programs add to the active
 * bank; the exporter makes the other one active and reads the bank that has
 * come to rest, so that one snapshot never holds half a packet.
 */
#define PDTT_BANKS 2

/*
 * What persists over restarts and upgrades says by these numbers how it is laid out. Raise the
 * first with each change of the maps of accounts and totals, or of what network classes are: the
 * exporter then carries the totals over by the names of their fields. Raise the second with each
 * change of pdtt_conn or pdtt_event: sockets then begin anew.
 */
#ifndef PDTT_TABLE_LAYOUT
#define PDTT_TABLE_LAYOUT 3
#endif
#define PDTT_SOCKET_LAYOUT 2

#define PDTT_MAX_NETWORKS     64
#define PDTT_NETWORK_NAME_LEN 64

#define PDTT_MAX_CLIENTS     1024 /* users who may connect to the exporter */
#define PDTT_LISTEN_KEY_BITS 160

enum pdtt_protocol {
	PDTT_TCP = 0,
	PDTT_UDP = 1,
	PDTT_OTHER = 2,
};

enum pdtt_direction {
	PDTT_INBOUND = 0,
	PDTT_OUTBOUND = 1,
};

enum pdtt_xdp_result {
	PDTT_XDP_ATTRIBUTED = 0,
	PDTT_XDP_UNKNOWN_CONNECTION = 1,
	PDTT_XDP_NOT_IP = 2,
	PDTT_XDP_FRAGMENT = 3,
	PDTT_XDP_MALFORMED = 4,
	PDTT_XDP_RESULTS = 5,
};

/* Maps that can refuse an insert: index into insert_failures. */
enum pdtt_map {
	PDTT_ACCOUNT_MAP = 0,
	PDTT_CONN_STATS_MAP = 1,
	PDTT_CONN_UID_MAP = 2,
	PDTT_FLOW_MAP = 3,
	PDTT_EVENTS = 4,
	PDTT_TCP_SEEN_MAP = 5,
	PDTT_UDP_CALLS_MAP = 6,
	PDTT_MAPS = 7,
};

/* State of a socket, pdtt_conn.flags. */
enum pdtt_conn_flag {
	PDTT_CONN_RESOLVED = 1, /* key, network and slot belong to the socket's one peer */
	PDTT_CONN_OPEN = 2, /* TCP: established; else: a packet was seen */
	PDTT_CONN_COUNTED = 4, /* is in opened, so it will be in closed */
	PDTT_CONN_OLDER = 8, /* was there before the programs were: never in opened */
	PDTT_CONN_MOVER_SEEN = 16, /* pid and comm are those of a process that did I/O */
	PDTT_CONN_SETTLED = 32, /* the owner is final: nobody ranks higher */
	PDTT_CONN_NESTED = 64, /* its packets leave through another socket, which counts them */
	PDTT_CONN_FINAL = PDTT_CONN_MOVER_SEEN | PDTT_CONN_SETTLED, /* I/O changes nothing more */
};

/* One connection, local end first, whichever side sent. */
struct pdtt_conn_key {
	__u8 local_addr[16]; /* network byte order, IPv4 is stored v4-mapped */
	__u8 remote_addr[16];
	__u16 local_port; /* host byte order; 0 where the protocol has no ports */
	__u16 remote_port; /* host byte order */
	__u8 protocol; /* IPPROTO_* */
	__u8 pad[3]; /* always zero: keys are compared as bytes */
};

/* IP bytes and packets as on the wire. */
struct pdtt_traffic {
	__u64 rx_bytes;
	__u64 tx_bytes;
	__u64 rx_packets;
	__u64 tx_packets;
};

/* Whose and which traffic one account counts. */
struct pdtt_account_key {
	__u32 uid; /* in the initial user namespace */
	__u32 network; /* value of network_map */
	__u32 protocol; /* enum pdtt_protocol */
};

/* The counters of one account. Each field has one writer hook. */
struct pdtt_account {
	struct pdtt_traffic traffic; /* cgroup_skb */
	struct pdtt_traffic meanwhile; /* of packets that came while another was counted */
	__u64 socket_rx_bytes; /* socket layer: payload */
	__u64 socket_tx_bytes;
	__u64 opened_inbound; /* connections */
	__u64 opened_outbound;
	__u64 closed;
	__u64 retransmits; /* TCP segments */
};

/* Everything the cgroup hooks saw, and the part of it that has no account. */
struct pdtt_host {
	struct pdtt_traffic all;
	struct pdtt_traffic all_meanwhile; /* see pdtt_account */
	struct pdtt_traffic no_socket;
	struct pdtt_traffic table_full;
	struct pdtt_traffic nested; /* of sockets behind another one: PDTT_CONN_NESTED */
	__u64 handovers;
	__u32 claimed; /* 1: a program on this CPU is counting a packet */
	__u32 pad;
};

/*
 * Value of conn_stats_map: what a socket carries with it. What each packet needs comes first: it is
 * one cache line, with the 8 bytes that the kernel puts before it.
 */
struct pdtt_conn {
	struct pdtt_traffic traffic; /* of the one peer, while PDTT_CONN_RESOLVED */
	__u32 slot; /* account of the one peer, while PDTT_CONN_RESOLVED */
	__u32 flags; /* enum pdtt_conn_flag */
	__u32 protocol; /* enum pdtt_protocol */
	__u32 uid; /* the owner, in the initial user namespace */
	__u32 home_slot; /* account for what has no network: payload, connections */
	__u32 tap_ifindex; /* the way out of the network, while PDTT_CONN_NESTED */
	struct pdtt_conn_key key;
	__u64 start_ns; /* CLOCK_BOOTTIME; with the key it identifies the connection */
	__u64 netns_cookie;
	__u32 pid; /* 0: not known */
	char comm[PDTT_COMM_LEN];
	__u32 network;
	__u32 direction; /* enum pdtt_direction */
	__u32 retransmits; /* TCP segments sent again to the one peer */
};

/* One peer of an unconnected socket. Users stay apart even on the same addresses. */
struct pdtt_flow_key {
	struct pdtt_conn_key conn;
	__u64 netns_cookie;
	__u32 uid;
	__u32 protocol; /* enum pdtt_protocol: a raw socket may carry UDP */
};

struct pdtt_flow {
	struct pdtt_traffic traffic;
	__u64 start_ns; /* CLOCK_BOOTTIME */
	__u64 last_ns; /* CLOCK_MONOTONIC_COARSE, of the last packet */
	__u32 pid;
	__u32 slot;
	__u32 network;
	__u32 direction;
	char comm[PDTT_COMM_LEN];
};

/* Value of conn_uid_map: what XDP needs to know of a connection. */
struct pdtt_conn_owner {
	__u64 netns_cookie;
	__u32 uid;
	__u32 slot;
};

/* Value of tcp_seen_map. */
struct pdtt_tcp_progress {
	__u64 received; /* payload bytes that the process took out of the socket */
	__u32 sent_seq; /* sequence number after the last byte that it put in */
	__u32 first_seq; /* of the peer: tells connections of one address apart; 0: not known */
};

struct pdtt_lpm_key {
	__u32 prefix_len; /* bits of addr */
	__u8 addr[16];
};

/* Key of subuid_map; its value is the uid of the user whom the sub-uids belong to. */
struct pdtt_uid_lpm_key {
	__u32 prefix_len; /* bits of uid */
	__u32 uid; /* network byte order */
};

/* Key of listen_map: a TCP port and address that someone may connect to. */
struct pdtt_listen_key {
	__u32 prefix_len; /* bits of port and addr */
	__u32 port; /* network byte order, as in bpf_sock_addr */
	__u32 addr[4]; /* network byte order, IPv4 is stored v4-mapped */
};

/* XDP: Ethernet frame bytes. */
struct pdtt_frames {
	__u64 bytes;
	__u64 packets;
};

/* The one value of state_map, of the exporter alone. */
struct pdtt_state {
	__u32 table_layout; /* PDTT_TABLE_LAYOUT */
	__u32 socket_layout; /* PDTT_SOCKET_LAYOUT */
	__u32 ready; /* 1: every table holds what it has to hold before programs use it */
	__u32 interfaces;
	__u32 ifindex[PDTT_MAX_INTERFACES]; /* what the XDP tables count by */
	__u64 since_ns; /* Unix time at which accounts and totals began to count; 0: not known */
	__u64 xdp_users_since_ns; /* the same of xdp_user_map */
	__u64 xdp_results_since_ns; /* and of xdp_result_map */
};

/* Value of network_names: the name of a network class; empty: the number is free. */
struct pdtt_network_name {
	char name[PDTT_NETWORK_NAME_LEN];
};

enum pdtt_event_type {
	PDTT_EVENT_CLOSED = 0, /* conn holds the final counts */
	PDTT_EVENT_NEW_ACCOUNT = 1, /* only conn.uid is set */
};

/* How a connection ended. */
enum pdtt_close_reason {
	PDTT_CLOSED = 0, /* the socket was closed (not TCP) or got another peer */
	PDTT_CLOSED_BY_US = 1, /* orderly, the FIN of this end came first */
	PDTT_CLOSED_BY_PEER = 2, /* orderly, the other one's did */
	PDTT_CLOSED_RESET = 3, /* the peer sent RST */
	PDTT_CLOSED_TIMEOUT = 4, /* nothing came back */
	PDTT_CLOSED_ABORTED = 5, /* this end gave it up: unread data, SO_LINGER of 0, ss -K */
};

struct pdtt_event {
	struct pdtt_conn conn;
	__u64 end_ns; /* CLOCK_BOOTTIME */
	__u32 type; /* enum pdtt_event_type */
	__u32 reason; /* enum pdtt_close_reason */
};

struct pdtt_uid_range {
	__u32 first;
	__u32 last; /* inclusive */
};

/* Set by the exporter between open and load; constant afterwards. */
struct pdtt_settings {
	__u64 netns_cookie; /* of the exporter's own network namespace */
	__u64 cgroup_id; /* of the cgroup whose packets are counted, PDTT_ROOT_CGROUP: the host */
	struct pdtt_uid_range system_uids[PDTT_MAX_SYSTEM_UID_RANGES];
	__u32 system_uid_ranges;
	__u32 accounts; /* slots of one bank in user_stats_map */
	__u32 interfaces;
	__u32 ifindex[PDTT_MAX_INTERFACES]; /* those XDP is attached to */
	__u32 handover; /* 0 or 1 */
	__u32 bridge; /* 1: keep conn_uid_map, XDP reads it */
	__u32 ephemeral_first; /* net.ipv4.ip_local_port_range */
	__u32 ephemeral_last;
	__u32 tracing_storage; /* 1: tracing programs may use socket storage */
	__u32 generation; /* of the socket layer's programs: those of active_generation count */
	__u32 pad;
};

#ifdef __cplusplus
#define PDTT_ABI_ASSERT(cond) static_assert(cond, #cond)
#else
#define PDTT_ABI_ASSERT(cond) _Static_assert(cond, #cond)
#endif
PDTT_ABI_ASSERT(sizeof(struct pdtt_conn_key) == 40);
PDTT_ABI_ASSERT(sizeof(struct pdtt_traffic) == 32);
PDTT_ABI_ASSERT(sizeof(struct pdtt_account_key) == 12);
PDTT_ABI_ASSERT(sizeof(struct pdtt_account) == 112);
PDTT_ABI_ASSERT(sizeof(struct pdtt_host) == 176);
PDTT_ABI_ASSERT(sizeof(struct pdtt_conn) == 144);
PDTT_ABI_ASSERT(sizeof(struct pdtt_flow_key) == 56);
PDTT_ABI_ASSERT(sizeof(struct pdtt_flow) == 80);
PDTT_ABI_ASSERT(sizeof(struct pdtt_conn_owner) == 16);
PDTT_ABI_ASSERT(sizeof(struct pdtt_tcp_progress) == 16);
PDTT_ABI_ASSERT(sizeof(struct pdtt_lpm_key) == 20);
PDTT_ABI_ASSERT(sizeof(struct pdtt_uid_lpm_key) == 8);
PDTT_ABI_ASSERT(sizeof(struct pdtt_listen_key) == 24);
PDTT_ABI_ASSERT(sizeof(struct pdtt_frames) == 16);
PDTT_ABI_ASSERT(sizeof(struct pdtt_event) == 160);
PDTT_ABI_ASSERT(sizeof(struct pdtt_state) == 104);
PDTT_ABI_ASSERT(sizeof(struct pdtt_network_name) == 64);
PDTT_ABI_ASSERT(sizeof(struct pdtt_settings) == 248);
#undef PDTT_ABI_ASSERT

#endif /* PDTT_ABI_H */
