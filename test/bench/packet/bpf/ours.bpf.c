// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The exporter's own programs, from the same source, for test runs. The kernel gives these a
 * socket of no family that lives as long as one call, for all of its repeated runs: the first of
 * them gives it the storage that sock_create and sockops give to real ones.
 */
#include "turns.bpf.h"
#include "skb_accounting.bpf.h"
#include "xdp_accounting.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

/* enum pdtt_protocol of the socket, and whether it has one peer. */
volatile __u32 socket_protocol SEC(".data.bench") __weak = PDTT_TCP;
volatile __u32 socket_connected SEC(".data.bench") __weak = 1;

__subprog int prepare(struct __sk_buff *skb, bool inbound)
{
	struct pdtt_packet packet = {};
	struct bpf_sock *sk = skb->sk;
	struct pdtt_conn init = {};
	struct pdtt_conn *conn;

	if (!sk || !parse_skb(skb, inbound, &packet))
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	init.uid = uid_offset;
	init.protocol = socket_protocol;
	init.flags = settled(init.uid);
	init.slot = PDTT_NO_SLOT;
	init.home_slot = account_slot(init.uid, 0, init.protocol);
	conn = bpf_sk_storage_get(&conn_stats_map, sk, &init, BPF_SK_STORAGE_GET_F_CREATE);
	if (!conn)
		return 0;
	if (socket_connected)
		resolve(conn, &packet.key);
	open_connection(conn, PDTT_OUTBOUND);
	return 0;
}

SEC("cgroup_skb/ingress")
int ours_ingress(struct __sk_buff *skb)
{
	if (turn_of(skb) == FIRST_RUN)
		prepare(skb, true);
	count_packet(skb, true);
	return 1;
}

SEC("cgroup_skb/egress")
int ours_egress(struct __sk_buff *skb)
{
	if (turn_of(skb) == FIRST_RUN)
		prepare(skb, false);
	count_packet(skb, false);
	return 1;
}

SEC("xdp")
int ours_xdp(struct xdp_md *ctx)
{
	take_turn((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	count_frame(ctx);
	return XDP_PASS;
}
