// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The socket layer's ways in that see a call's result, in the context of the process:
 * tracepoints in sock_sendmsg() and sock_recvmsg() (net/socket.c), or the ends of the functions of
 * net/ipv4/af_inet.c and net/ipv6/af_inet6.c that these call. Either way: exact lengths, all
 * protocols.
 */
#include <vmlinux.h>
#include <bpf/bpf_tracing.h>
#include "socket_io.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

SEC("tp_btf/sock_send_length")
int BPF_PROG(sock_send_length, struct sock *sk, int ret, int flags)
{
	socket_io(sk, ret, false);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_length, struct sock *sk, int ret, int flags)
{
	socket_io(sk, received(ret, flags), true);
	return 0;
}

SEC("fexit/inet_sendmsg")
int BPF_PROG(inet_sendmsg_exit, struct socket *sock, struct msghdr *msg, size_t size, int ret)
{
	socket_io(sock->sk, ret, false);
	return 0;
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(inet6_sendmsg_exit, struct socket *sock, struct msghdr *msg, size_t size, int ret)
{
	socket_io(sock->sk, ret, false);
	return 0;
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(inet_recvmsg_exit, struct socket *sock, struct msghdr *msg, size_t size, int flags,
	     int ret)
{
	socket_io(sock->sk, received(ret, flags), true);
	return 0;
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(inet6_recvmsg_exit, struct socket *sock, struct msghdr *msg, size_t size, int flags,
	     int ret)
{
	socket_io(sock->sk, received(ret, flags), true);
	return 0;
}

/* sendfile() and splice(), for both families; since 6.5 they come through sendmsg. */
SEC("fexit/inet_sendpage")
int BPF_PROG(inet_sendpage_exit, struct socket *sock, struct page *page, int offset, size_t size,
	     int flags, ssize_t ret)
{
	socket_io(sock->sk, ret, false);
	return 0;
}
