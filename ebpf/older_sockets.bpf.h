/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The sockets of a network namespace that were there before the exporter. */
#ifndef PDTT_OLDER_SOCKETS_BPF_H
#define PDTT_OLDER_SOCKETS_BPF_H

#include "adoption.bpf.h"

#define SOL_TCP			  6
#define TCP_BPF_SOCK_OPS_CB_FLAGS 1008 /* since 6.12; before, such a connection just disappears */

static __always_inline struct pdtt_conn *adopt_sock(struct sock *sk, __u32 uid)
{
	if (bpf_sk_storage_get(&conn_stats_map, sk, 0, 0))
		return NULL; /* newer than the programs after all */
	return is_watched(sk) ? adopt(sk, uid) : NULL;
}

static __always_inline void adopt_tcp(struct tcp_sock *tcp, __u32 uid)
{
	struct sock *sk = &tcp->inet_conn.icsk_inet.sk;
	int flags = PDTT_SOCKOPS_FLAGS;
	struct pdtt_conn_key key = {};
	struct pdtt_conn *conn = adopt_sock(sk, uid);

	if (!conn || conn->flags & PDTT_CONN_NESTED ||
	    sk->__sk_common.skc_state != BPF_TCP_ESTABLISHED)
		return;
	bpf_setsockopt(tcp, SOL_TCP, TCP_BPF_SOCK_OPS_CB_FLAGS, &flags, sizeof(flags));
	key_from_sock_common(&key, &sk->__sk_common);
	resolve(conn, &key);
	open_connection(conn, likely_direction(key.local_port));
}

static __always_inline void adopt_udp(struct udp_sock *udp, __u32 uid)
{
	adopt_sock(&udp->inet.sk, uid);
}

#endif /* PDTT_OLDER_SOCKETS_BPF_H */
