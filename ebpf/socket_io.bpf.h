/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What applications send and receive, and who really does it. Every way in ends here. */
#ifndef PDTT_SOCKET_IO_BPF_H
#define PDTT_SOCKET_IO_BPF_H

#include "adoption.bpf.h"

#define MSG_PEEK     0x2
#define MSG_ERRQUEUE 0x2000

static __always_inline void add_payload(__u32 slot, __u64 bytes, bool inbound)
{
	struct pdtt_account *account = account_now(slot);

	if (account)
		add(inbound ? &account->socket_rx_bytes : &account->socket_tx_bytes, bytes);
}

/* False for programs that others are taking the place of, or have not yet. */
static __always_inline bool is_active(void)
{
	return settings.generation == active_generation;
}

/* A process that does I/O on the socket: the connection's, and its owner if it ranks higher. */
__subprog void meet_caller(struct pdtt_conn *conn)
{
	__u32 caller = current_user();

	if (conn->uid != PDTT_KERNEL_UID && take_flag(conn, PDTT_CONN_MOVER_SEEN))
		set_process(conn);
	if (!(conn->flags & PDTT_CONN_SETTLED) && outranks(caller, conn->uid))
		hand_over(conn, caller);
}

/* For programs that may use socket storage: the payload is the owner's. */
static __always_inline void count_for_owner(struct sock *sk, int result, bool inbound)
{
	struct pdtt_conn *conn;

	if (!is_inet(sk->__sk_common.skc_family))
		return; /* unix sockets and netlink pass here too */
	conn = bpf_sk_storage_get(&conn_stats_map, sk, 0, 0);
	if (!conn && is_watched(sk))
		conn = adopt(sk, current_user());
	if (!conn || conn->flags & PDTT_CONN_NESTED)
		return;
	if ((conn->flags & PDTT_CONN_FINAL) != PDTT_CONN_FINAL)
		meet_caller(conn);
	if (result > 0)
		add_payload(conn->home_slot, result, inbound);
}

/* For programs that may not: the payload is the calling process's, and nothing is handed over. */
__subprog int count_for_caller(struct sock *sk, __u64 bytes, bool inbound)
{
	__u32 protocol, uid;

	if (!bytes || !is_inet(BPF_CORE_READ(sk, __sk_common.skc_family)) || !is_watched(sk) ||
	    only_tap((__u64)BPF_CORE_READ(sk, __sk_common.skc_net.net)))
		return 0;
	uid = answerable(owner_of(sk, current_user()));
	protocol = protocol_class(BPF_CORE_READ(sk, sk_type), BPF_CORE_READ(sk, sk_protocol));
	add_payload(account_slot(uid, 0, protocol), bytes, inbound);
	return 0;
}

/* `result` is the system call's: bytes, or a negative error. Process context only. */
static __always_inline void socket_io(struct sock *sk, int result, bool inbound)
{
	if (!sk || !is_active())
		return;
	if (settings.tracing_storage)
		count_for_owner(sk, result, inbound);
	else if (result > 0)
		count_for_caller(sk, result, inbound);
}

/* Peeked bytes are received again, and the error queue holds what was sent. */
static __always_inline int received(int result, int flags)
{
	return flags & (MSG_PEEK | MSG_ERRQUEUE) ? 0 : result;
}

#endif /* PDTT_SOCKET_IO_BPF_H */
