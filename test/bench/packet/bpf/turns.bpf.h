/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What every measured program does alike, so that it is in none of the differences. */
#ifndef PDTT_BENCH_TURNS_BPF_H
#define PDTT_BENCH_TURNS_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The mark that the first of the repeated runs finds. */
#define FIRST_RUN 0xffffffffU

/* How many connections take turns, as many runs each; set by the benchmark. */
volatile __u32 connections SEC(".data.bench") __weak = 1;

/* The owner of the kernel's test socket cannot be chosen: programs add this to it. */
volatile __u32 uid_offset SEC(".data.bench") __weak = 0;

/* Whose connection this run is, or FIRST_RUN. The kernel keeps the mark from run to run. */
static __always_inline __u32 turn_of(struct __sk_buff *skb)
{
	__u32 turn = skb->mark;
	__u32 next = turn + 1;

	skb->mark = next >= connections ? 0 : next;
	return turn;
}

/*
 * The same for frames, whose source port says it; the kernel keeps their bytes. False: it is too
 * short to have one.
 */
static __always_inline bool take_turn(void *data, void *end)
{
	struct ethhdr *ethernet = data;
	__be16 *source;
	__u16 port;

	if (data + sizeof(*ethernet) + sizeof(struct ipv6hdr) + sizeof(*source) > end)
		return false;
	if (ethernet->h_proto == bpf_htons(0x0800))
		source = data + sizeof(*ethernet) + sizeof(struct iphdr);
	else
		source = data + sizeof(*ethernet) + sizeof(struct ipv6hdr);
	port = bpf_ntohs(*source);
	*source = bpf_htons(port >= connections ? 1 : port + 1);
	return true;
}

#endif /* PDTT_BENCH_TURNS_BPF_H */
