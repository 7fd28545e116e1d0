/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What applications send and receive, and who really does it. Every way into the socket layer
 * (tracepoints today) ends in socket_io().
 */
#ifndef PDTT_SOCKET_IO_BPF_H
#define PDTT_SOCKET_IO_BPF_H

#include "connection.bpf.h"

/* Sockets older than the programs; with a sub-cgroup only its own hooks may tell whose they are. */
static __always_inline struct pdtt_conn *adopt_from_process(struct sock *sk)
{
	struct pdtt_conn init = {};

	if (!settings.whole_host)
		return NULL;
	init_owner(&init, current_user(), protocol_class(sk->sk_type, sk->sk_protocol),
		   sk->__sk_common.skc_net.net->net_cookie);
	init.flags = PDTT_CONN_OLDER;
	set_process(&init);
	return bpf_sk_storage_get(&conn_stats_map, sk, &init, BPF_SK_STORAGE_GET_F_CREATE);
}

/* `result` is the system call's: bytes, or a negative error. Process context only. */
static __always_inline void socket_io(struct sock *sk, int result, bool inbound)
{
	struct pdtt_account *account;
	struct pdtt_conn *conn;

	if (!sk || !is_inet(sk->__sk_common.skc_family))
		return; /* unix sockets and netlink pass here too */
	conn = bpf_sk_storage_get(&conn_stats_map, sk, 0, 0);
	if (!conn)
		conn = adopt_from_process(sk);
	if (!conn)
		return;
	hand_over(conn);
	if (result <= 0)
		return;
	account = account_now(conn->home_slot);
	if (account)
		add(inbound ? &account->socket_rx_bytes : &account->socket_tx_bytes, result);
}

#endif /* PDTT_SOCKET_IO_BPF_H */
