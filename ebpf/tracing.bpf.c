// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The socket layer's tracepoint way in: exact lengths, all protocols. The tracepoints sit in
 * sock_sendmsg() and sock_recvmsg() (net/socket.c), in the context of the process.
 */
#include <vmlinux.h>
#include <bpf/bpf_tracing.h>
#include "socket_io.bpf.h"

#define MSG_PEEK     0x2
#define MSG_ERRQUEUE 0x2000

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

SEC("tp_btf/sock_send_length")
int BPF_PROG(sock_send_length, struct sock *sk, int ret, int flags)
{
	socket_io(sk, ret, false);
	return 0;
}

/* Peeked bytes are received again, and the error queue holds what was sent. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_length, struct sock *sk, int ret, int flags)
{
	socket_io(sk, flags & (MSG_PEEK | MSG_ERRQUEUE) ? 0 : ret, true);
	return 0;
}
