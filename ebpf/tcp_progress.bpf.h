/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How far a TCP socket's process has come in both streams, read off the socket: what recv() took
 * and send() left. Peeking, waiting and partial calls change nothing in it.
 */
#ifndef PDTT_TCP_PROGRESS_BPF_H
#define PDTT_TCP_PROGRESS_BPF_H

#include "socket_io.bpf.h"

#define PDTT_SEND_SHUTDOWN 2 /* bit of sk_shutdown (include/net/sock.h) */

/* The peer's FIN takes a sequence number of its own, and is read like a byte. */
static __always_inline bool took_fin(struct sock *sk, __u32 unread)
{
	return !unread && BPF_CORE_READ(sk, __sk_common.skc_flags) & 1UL << SOCK_DONE;
}

static __always_inline bool may_send(struct sock *sk, __u8 state)
{
	if (state != BPF_TCP_ESTABLISHED && state != BPF_TCP_CLOSE_WAIT &&
	    state != BPF_TCP_SYN_SENT)
		return false;
	return !(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_shutdown) & PDTT_SEND_SHUTDOWN);
}

/*
 * The socket is locked, so its numbers hold still and no other thread is here with it. Of a
 * connection that is seen for the first time this only takes note: connect() and accept() let go of
 * the socket before any data moves.
 */
__subprog int count_tcp_progress(struct tcp_sock *tcp)
{
	struct sock *sk = (struct sock *)tcp;
	struct pdtt_tcp_progress now = {};
	struct pdtt_tcp_progress *before;
	__u64 key = (__u64)tcp;
	__u32 next, unread;
	__u64 in_order;
	__s32 sent;
	__u8 state;

	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (state == BPF_TCP_LISTEN)
		return 0;
	next = BPF_CORE_READ(tcp, rcv_nxt);
	unread = next - BPF_CORE_READ(tcp, copied_seq);
	in_order = BPF_CORE_READ(tcp, bytes_received);
	now.received = in_order - unread - took_fin(sk, unread);
	now.first_seq = next - (__u32)in_order;
	now.sent_seq = BPF_CORE_READ(tcp, write_seq);
	if (state == BPF_TCP_SYN_SENT) {
		now.received = 0;
		now.first_seq = 0; /* the peer's is not known yet */
	}
	before = bpf_map_lookup_elem(&tcp_seen_map, &key);
	if (!before || (before->first_seq && before->first_seq != now.first_seq)) {
		if (state == BPF_TCP_CLOSE)
			return 0; /* not connected; what is over may still be read */
		if (bpf_map_update_elem(&tcp_seen_map, &key, &now, BPF_ANY))
			count_failure(PDTT_TCP_SEEN_MAP);
		return 0;
	}
	if (state == BPF_TCP_CLOSE && !before->first_seq && !in_order) {
		/* Refused: without a peer, the next socket at this address would pass for it. */
		bpf_map_delete_elem(&tcp_seen_map, &key);
		return 0;
	}
	if (now.received > before->received)
		count_for_caller(sk, now.received - before->received, true);
	before->received = now.received;
	before->first_seq = now.first_seq;
	if (!may_send(sk, state))
		return 0; /* what moves the number now is our FIN */
	sent = now.sent_seq - before->sent_seq;
	if (sent > 0)
		count_for_caller(sk, sent, false);
	before->sent_seq = now.sent_seq;
	return 0;
}

#endif /* PDTT_TCP_PROGRESS_BPF_H */
