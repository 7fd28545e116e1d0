/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What applications send and receive, and who really does it. Every way into the socket layer
 * (tracepoints today) ends in socket_io().
 */
#ifndef PDTT_SOCKET_IO_BPF_H
#define PDTT_SOCKET_IO_BPF_H

#include "adoption.bpf.h"

/* A process that does I/O on the socket: the connection's, and its owner if it ranks higher. */
__subprog void meet_caller(struct pdtt_conn *conn)
{
	__u32 caller = current_user();

	if (conn->uid != PDTT_KERNEL_UID && take_flag(conn, PDTT_CONN_MOVER_SEEN))
		set_process(conn);
	if (!(conn->flags & PDTT_CONN_SETTLED) && outranks(caller, conn->uid))
		hand_over(conn, caller);
}

/* `result` is the system call's: bytes, or a negative error. Process context only. */
static __always_inline void socket_io(struct sock *sk, int result, bool inbound)
{
	struct pdtt_account *account;
	struct pdtt_conn *conn;

	if (!sk || !is_inet(sk->__sk_common.skc_family))
		return; /* unix sockets and netlink pass here too */
	conn = bpf_sk_storage_get(&conn_stats_map, sk, 0, 0);
	if (!conn && is_watched(sk))
		conn = adopt(sk, current_user());
	if (!conn || conn->flags & PDTT_CONN_NESTED)
		return;
	if ((conn->flags & PDTT_CONN_FINAL) != PDTT_CONN_FINAL)
		meet_caller(conn);
	if (result <= 0)
		return;
	account = account_now(conn->home_slot);
	if (account)
		add(inbound ? &account->socket_rx_bytes : &account->socket_tx_bytes, result);
}

#endif /* PDTT_SOCKET_IO_BPF_H */
