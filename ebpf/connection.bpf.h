/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The life of a connection: its one peer found, opened, handed over, closed. */
#ifndef PDTT_CONNECTION_BPF_H
#define PDTT_CONNECTION_BPF_H

#include "ownership.bpf.h"

/* What sockops wants to hear of a TCP socket. */
#define PDTT_SOCKOPS_FLAGS (BPF_SOCK_OPS_STATE_CB_FLAG | BPF_SOCK_OPS_RETRANS_CB_FLAG)

/*
 * The exporter's own network namespace has the last word: an XDP program on its interfaces
 * mostly sees that one's connections, and containers may use the same addresses.
 */
static __always_inline void bridge_add(const struct pdtt_conn_key *key, __u32 uid, __u32 slot,
				       __u64 netns_cookie)
{
	struct pdtt_conn_owner owner = {.netns_cookie = netns_cookie, .uid = uid, .slot = slot};
	bool own = netns_cookie == settings.netns_cookie;
	long error;

	if (!settings.bridge)
		return;
	error = bpf_map_update_elem(&conn_uid_map, key, &owner, own ? BPF_ANY : BPF_NOEXIST);
	if (error && own)
		count_failure(PDTT_CONN_UID_MAP);
}

static __always_inline void bridge_remove(const struct pdtt_conn *conn)
{
	struct pdtt_conn_owner *owner;

	if (!settings.bridge)
		return;
	owner = bpf_map_lookup_elem(&conn_uid_map, &conn->key);
	if (owner && owner->netns_cookie == conn->netns_cookie)
		bpf_map_delete_elem(&conn_uid_map, &conn->key);
}

/* Finds network and account of the socket's one peer; packets need no parsing from here on. */
__subprog void resolve(struct pdtt_conn *conn, const struct pdtt_conn_key *key)
{
	conn->key = *key;
	conn->network = network_of(key);
	conn->slot = account_slot(conn->uid, conn->network, conn->protocol);
	conn->start_ns = bpf_ktime_get_boot_ns();
	bridge_add(key, conn->uid, conn->slot, conn->netns_cookie);
	take_flag(conn, PDTT_CONN_RESOLVED);
}

static __always_inline void count_opened(const struct pdtt_conn *conn, __u32 direction)
{
	struct pdtt_account *account = account_now(conn->home_slot);

	if (account)
		add(direction == PDTT_INBOUND ? &account->opened_inbound
					      : &account->opened_outbound,
		    1);
}

static __always_inline void count_closed(const struct pdtt_conn *conn)
{
	struct pdtt_account *account = account_now(conn->home_slot);

	if (account)
		add(&account->closed, 1);
}

static __always_inline void open_connection(struct pdtt_conn *conn, __u32 direction)
{
	/* Looked at first: taking it takes the cache line from the CPU that reads the socket. */
	if (conn->flags & PDTT_CONN_OPEN || !take_flag(conn, PDTT_CONN_OPEN))
		return;
	conn->direction = direction;
	if (conn->home_slot == PDTT_NO_SLOT) /* found by the exporter, or there was no room */
		conn->home_slot = account_slot(conn->uid, 0, conn->protocol);
	if (conn->flags & PDTT_CONN_OLDER)
		return;
	take_flag(conn, PDTT_CONN_COUNTED);
	count_opened(conn, direction);
}

/* The direction of a connection whose beginning nobody saw: servers have fixed ports. */
static __always_inline __u32 likely_direction(__u32 local_port)
{
	if (local_port >= settings.ephemeral_first && local_port <= settings.ephemeral_last)
		return PDTT_OUTBOUND;
	return PDTT_INBOUND;
}

/* The final counts of the peer go to the exporter; the socket may get another peer afterwards. */
__subprog void end_record(struct pdtt_conn *conn, enum pdtt_close_reason reason)
{
	struct pdtt_event *event;

	if (!drop_flag(conn, PDTT_CONN_RESOLVED))
		return;
	bridge_remove(conn);
	if (!(conn->flags & PDTT_CONN_OPEN))
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count_failure(PDTT_EVENTS);
		return;
	}
	event->type = PDTT_EVENT_CLOSED;
	event->reason = reason;
	event->end_ns = bpf_ktime_get_boot_ns();
	__builtin_memcpy(&event->conn, conn, sizeof(*conn));
	/* Taken away rather than zeroed: what another CPU adds meanwhile is not lost. */
	add(&conn->traffic.rx_bytes, -event->conn.traffic.rx_bytes);
	add(&conn->traffic.tx_bytes, -event->conn.traffic.tx_bytes);
	add(&conn->traffic.rx_packets, -event->conn.traffic.rx_packets);
	add(&conn->traffic.tx_packets, -event->conn.traffic.tx_packets);
	conn->retransmits = 0;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void close_connection(struct pdtt_conn *conn, enum pdtt_close_reason reason)
{
	end_record(conn, reason);
	if (!drop_flag(conn, PDTT_CONN_OPEN))
		return;
	if (drop_flag(conn, PDTT_CONN_COUNTED))
		count_closed(conn);
}

/*
 * Gives the socket to the current process's user, who ranks higher. The connection counts as
 * closed for the old owner and as opened for the new one: opened - closed is what is open.
 */
__subprog void hand_over(struct pdtt_conn *conn, __u32 to)
{
	__u32 from = conn->uid;
	struct pdtt_host *host;

	to = answerable(to);
	if (!compare_and_swap(&conn->uid, from, to))
		return; /* another of its threads was quicker */
	if (conn->flags & PDTT_CONN_COUNTED)
		count_closed(conn);
	conn->home_slot = account_slot(to, 0, conn->protocol);
	if (conn->flags & PDTT_CONN_COUNTED)
		count_opened(conn, conn->direction);
	if (conn->flags & PDTT_CONN_RESOLVED) {
		conn->slot = account_slot(to, conn->network, conn->protocol);
		bridge_add(&conn->key, to, conn->slot, conn->netns_cookie);
	}
	set_process(conn);
	take_flag(conn, PDTT_CONN_MOVER_SEEN | settled(to));
	host = host_at(active_bank & 1);
	if (host)
		add(&host->handovers, 1);
}

#endif /* PDTT_CONNECTION_BPF_H */
