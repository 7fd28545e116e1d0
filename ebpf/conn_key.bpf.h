/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Builds the connection key from each view the kernel gives of a socket. The one place that
 * knows their byte orders: always local -> remote, IPv4 v4-mapped, ports in host order.
 */
#ifndef PDTT_CONN_KEY_BPF_H
#define PDTT_CONN_KEY_BPF_H

#include "packet.bpf.h"

#define AF_INET	 2
#define AF_INET6 10

static __always_inline bool is_inet(__u32 family)
{
	return family == AF_INET || family == AF_INET6;
}

static __always_inline void copy_words(__u8 *to, __u32 w0, __u32 w1, __u32 w2, __u32 w3)
{
	struct pdtt_addr_words *words = (void *)to;

	words->word[0] = w0;
	words->word[1] = w1;
	words->word[2] = w2;
	words->word[3] = w3;
}

/* local_port is in host order, remote_port in network order. */
static __always_inline void key_from_sock_ops(struct pdtt_conn_key *key, struct bpf_sock_ops *ops)
{
	if (ops->family == AF_INET) {
		v4_mapped(key->local_addr, ops->local_ip4);
		v4_mapped(key->remote_addr, ops->remote_ip4);
	} else {
		copy_words(key->local_addr, ops->local_ip6[0], ops->local_ip6[1], ops->local_ip6[2],
			   ops->local_ip6[3]);
		copy_words(key->remote_addr, ops->remote_ip6[0], ops->remote_ip6[1],
			   ops->remote_ip6[2], ops->remote_ip6[3]);
	}
	key->local_port = ops->local_port;
	key->remote_port = bpf_ntohl(ops->remote_port);
	key->protocol = IPPROTO_TCP;
}

/* A TCP socket as the kernel has it: skc_num is in host order, skc_dport in network order. */
static __always_inline void key_from_sock_common(struct pdtt_conn_key *key,
						 const struct sock_common *common)
{
	if (common->skc_family == AF_INET) {
		v4_mapped(key->local_addr, common->skc_rcv_saddr);
		v4_mapped(key->remote_addr, common->skc_daddr);
	} else {
		copy_words(key->local_addr, common->skc_v6_rcv_saddr.in6_u.u6_addr32[0],
			   common->skc_v6_rcv_saddr.in6_u.u6_addr32[1],
			   common->skc_v6_rcv_saddr.in6_u.u6_addr32[2],
			   common->skc_v6_rcv_saddr.in6_u.u6_addr32[3]);
		copy_words(key->remote_addr, common->skc_v6_daddr.in6_u.u6_addr32[0],
			   common->skc_v6_daddr.in6_u.u6_addr32[1],
			   common->skc_v6_daddr.in6_u.u6_addr32[2],
			   common->skc_v6_daddr.in6_u.u6_addr32[3]);
	}
	key->local_port = common->skc_num;
	key->remote_port = bpf_ntohs(common->skc_dport);
	key->protocol = IPPROTO_TCP;
}

/* The peer of a connected socket: dst_ip in network order, dst_port too. */
static __always_inline void remote_from_sock(struct pdtt_conn_key *key, const struct bpf_sock *sk)
{
	if (sk->family == AF_INET)
		v4_mapped(key->remote_addr, sk->dst_ip4);
	else
		copy_words(key->remote_addr, sk->dst_ip6[0], sk->dst_ip6[1], sk->dst_ip6[2],
			   sk->dst_ip6[3]);
	key->remote_port = bpf_ntohs(sk->dst_port);
}

/* Byte compare of two remote ends. */
static __always_inline bool same_remote(const struct pdtt_conn_key *a,
					const struct pdtt_conn_key *b)
{
	const struct pdtt_addr_words *x = (const void *)a->remote_addr;
	const struct pdtt_addr_words *y = (const void *)b->remote_addr;

	return a->remote_port == b->remote_port && x->word[3] == y->word[3] &&
	       x->word[2] == y->word[2] && x->word[1] == y->word[1] && x->word[0] == y->word[0];
}

#endif /* PDTT_CONN_KEY_BPF_H */
