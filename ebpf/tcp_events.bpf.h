/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a TCP connection's events mean for its record. */
#ifndef PDTT_TCP_EVENTS_BPF_H
#define PDTT_TCP_EVENTS_BPF_H

#include "adoption.bpf.h"

/* include/uapi/asm-generic/errno.h */
#define PDTT_EPIPE	  32
#define PDTT_ECONNRESET	  104
#define PDTT_ETIMEDOUT	  110
#define PDTT_EHOSTUNREACH 113

/* NULL also for a connection that another socket carries: that one has the record. */
static __always_inline struct pdtt_conn *conn_of(struct bpf_sock_ops *ops)
{
	struct bpf_sock *sk = ops->sk;
	struct pdtt_conn *conn = sk ? bpf_sk_storage_get(&conn_stats_map, sk, 0, 0) : NULL;

	return conn && !(conn->flags & PDTT_CONN_NESTED) ? conn : NULL;
}

static __always_inline void resolve_from(struct pdtt_conn *conn, struct bpf_sock_ops *ops)
{
	struct pdtt_conn_key key = {};

	key_from_sock_ops(&key, ops);
	resolve(conn, &key);
}

/* What the kernel connects for itself, or as a subflow, was not made with socket(2). */
static __always_inline void adopt_connecting(struct bpf_sock_ops *ops)
{
	struct bpf_sock *sk = ops->sk;
	struct tcp_sock *tcp;

	if (!sk || bpf_sk_storage_get(&conn_stats_map, sk, 0, 0))
		return;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp)
		adopt((struct sock *)tcp, tcp->inet_conn.icsk_inet.sk.sk_uid.val);
}

/* The tuple is complete, so the SYN is already counted and the SYN-ACK is already known to XDP. */
static __always_inline void tcp_connect(struct bpf_sock_ops *ops)
{
	struct pdtt_conn *conn;

	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | PDTT_SOCKOPS_FLAGS);
	adopt_connecting(ops);
	conn = conn_of(ops);
	if (!conn)
		return;
	drop_flag(conn, PDTT_CONN_OLDER); /* the socket may be, the connection is not */
	resolve_from(conn, ops);
}

static __always_inline void tcp_established(struct bpf_sock_ops *ops, __u32 direction)
{
	struct pdtt_conn *conn = conn_of(ops);

	if (!conn)
		return;
	if (!(conn->flags & PDTT_CONN_RESOLVED))
		resolve_from(conn, ops);
	open_connection(conn, direction);
}

/* The storage is a copy of the listener's: the owner stays, the listener's state does not. */
static __always_inline void tcp_accepted(struct bpf_sock_ops *ops)
{
	struct pdtt_conn *conn = conn_of(ops);

	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | PDTT_SOCKOPS_FLAGS);
	if (!conn)
		return;
	__builtin_memset(&conn->traffic, 0, sizeof(conn->traffic));
	conn->retransmits = 0;
	conn->flags &= PDTT_CONN_SETTLED;
	tcp_established(ops, PDTT_INBOUND);
}

/*
 * After a FIN from both ends there is no error to tell. Without, sk_err says why: tcp_reset() and
 * tcp_write_err() in net/ipv4 set it first.
 */
static __always_inline enum pdtt_close_reason close_reason(struct bpf_sock *sk, __u32 last_state)
{
	struct tcp_sock *tcp;

	if (last_state == BPF_TCP_LAST_ACK)
		return PDTT_CLOSED_BY_PEER;
	tcp = sk ? bpf_skc_to_tcp_sock(sk) : NULL;
	switch (tcp ? tcp->inet_conn.icsk_inet.sk.sk_err : 0) {
	case PDTT_ETIMEDOUT:
	case PDTT_EHOSTUNREACH:
		return PDTT_CLOSED_TIMEOUT;
	case PDTT_ECONNRESET:
	case PDTT_EPIPE: /* a reset after the peer's FIN */
		return PDTT_CLOSED_RESET;
	}
	if (last_state == BPF_TCP_FIN_WAIT2 || last_state == BPF_TCP_CLOSING ||
	    last_state == BPF_TCP_TIME_WAIT)
		return PDTT_CLOSED_BY_US;
	return PDTT_CLOSED_ABORTED;
}

/* args: the state it was in, the state it is in now. */
static __always_inline void tcp_closed(struct bpf_sock_ops *ops)
{
	struct pdtt_conn *conn = conn_of(ops);

	if (conn)
		close_connection(conn, close_reason(ops->sk, ops->args[0]));
}

/* args: sequence number, segments, error (0: it was sent). */
static __always_inline void tcp_retransmitted(struct bpf_sock_ops *ops)
{
	struct pdtt_conn *conn = conn_of(ops);
	struct pdtt_account *account;

	if (!conn || ops->args[2])
		return;
	__sync_fetch_and_add(&conn->retransmits, ops->args[1]);
	account = account_now(conn->slot);
	if (account)
		add(&account->retransmits, ops->args[1]);
}

#endif /* PDTT_TCP_EVENTS_BPF_H */
