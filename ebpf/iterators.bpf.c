// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Walks over sockets, in the context of the exporter that reads them. */
#include "older_sockets.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

/* Run once at start, in the exporter's network namespace. */
SEC("iter/tcp")
int iter_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct tcp_sock *tcp;

	if (!common)
		return 0;
	tcp = bpf_skc_to_tcp_sock(common); /* neither a time-wait nor a request socket */
	if (tcp)
		adopt_tcp(tcp, ctx->uid);
	return 0;
}

SEC("iter/udp")
int iter_udp(struct bpf_iter__udp *ctx)
{
	struct udp_sock *udp = (struct udp_sock *)ctx->udp_sk;

	if (udp)
		adopt_udp(udp, ctx->uid);
	return 0;
}

/*
 * Run for every snapshot: copies the struct pdtt_conn of each socket, the n-th to place n. Those
 * that have no place are written to the iterator's file, if they are open. At the end the place of
 * the last one is written there; it is 0 as well if there was no socket.
 */
SEC("iter/bpf_sk_storage_map")
int iter_sockets(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct pdtt_conn *conn = ctx->value, *copy;
	__u32 place = ctx->meta->seq_num;

	if (!conn) {
		bpf_seq_write(ctx->meta->seq, &place, sizeof(place));
		return 0;
	}
	copy = bpf_map_lookup_elem(&socket_copies, &place);
	if (copy)
		*copy = *conn;
	else if (conn->flags & PDTT_CONN_OPEN)
		bpf_seq_write(ctx->meta->seq, conn, sizeof(*conn));
	return 0;
}
