// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The socket layer's way in for kernels that have neither its tracepoints nor BPF trampolines.
 *
 * A function that sleeps is no place for a kretprobe: the kernel has about ten slots for calls
 * under way, and ten idle readers would hide everybody else's. So TCP is read off the socket's own
 * sequence numbers whenever a process lets go of the socket, and UDP is taken where the length of
 * a received datagram is final; only the UDP senders, who hardly ever sleep, are awaited.
 */
#include <vmlinux.h>
#include <bpf/bpf_tracing.h>
#include "tcp_progress.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

/* The end of every system call on a TCP socket, in release_sock() and still under its lock. */
SEC("kprobe")
int BPF_KPROBE(kprobe_tcp_release, struct sock *sk)
{
	count_tcp_progress((struct tcp_sock *)sk);
	return 0;
}

/* The end of udp_recvmsg() and udpv6_recvmsg(): what they return, negated if it was peeked. */
SEC("kprobe")
int BPF_KPROBE(kprobe_udp_receive, struct sock *sk, struct sk_buff *skb, int len)
{
	if (len > 0 && is_active())
		count_for_caller(sk, len, true);
	return 0;
}

/* udpv6_sendmsg() calls udp_sendmsg() for v4-mapped peers: the inner call has the same socket. */
SEC("kprobe")
int BPF_KPROBE(kprobe_udp_send, struct sock *sk)
{
	__u64 task = bpf_get_current_task();
	__u64 socket = (__u64)sk;

	if (!is_active())
		return 0;
	/* The return of the task's last call got none of the kernel's few slots. */
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET &&
	    bpf_map_lookup_elem(&udp_calls_map, &task))
		count_failure(PDTT_UDP_CALLS_MAP);
	if (bpf_map_update_elem(&udp_calls_map, &task, &socket, BPF_ANY))
		count_failure(PDTT_UDP_CALLS_MAP);
	return 0;
}

/* The inner return of two counts, and leaves nothing to count for the outer one. */
SEC("kretprobe")
int BPF_KRETPROBE(kretprobe_udp_send, int ret)
{
	__u64 task = bpf_get_current_task();
	__u64 *socket = bpf_map_lookup_elem(&udp_calls_map, &task);
	struct sock *sk;

	if (!socket)
		return 0;
	sk = (struct sock *)*socket;
	bpf_map_delete_elem(&udp_calls_map, &task);
	if (ret > 0)
		count_for_caller(sk, ret, false);
	return 0;
}
