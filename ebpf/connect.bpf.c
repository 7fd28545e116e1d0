// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Who of this host may connect to the exporter: for everyone else connect(2) fails with EPERM, so
 * that not even a handshake reaches it.
 *
 * The hook is that of TCP itself, before it looks for a route. It runs in the context of whoever
 * asks for the connection, with the credentials that the kernel acts on: of connect(2), of a send
 * that opens the connection (MSG_FASTOPEN), of io_uring's threads, and for MPTCP on the TCP socket
 * below it. It needs the root of the cgroup tree, which no process can leave.
 */
#include <vmlinux.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "maps.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

#define REFUSE 0
#define ALLOW  1

static __always_inline int judge(struct bpf_sock_addr *ctx, const struct pdtt_listen_key *key)
{
	__u32 uid = (__u32)bpf_get_current_uid_gid();

	if (ctx->type != SOCK_STREAM || !bpf_map_lookup_elem(&listen_map, key))
		return ALLOW;
	/* The socket's network namespace: the process may have moved on to another one. */
	if (settings.netns_cookie && bpf_get_netns_cookie(ctx) != settings.netns_cookie)
		return ALLOW;
	return bpf_map_lookup_elem(&client_map, &uid) ? ALLOW : REFUSE;
}

SEC("cgroup/connect4")
int connect4_guard(struct bpf_sock_addr *ctx)
{
	struct pdtt_listen_key key = {.prefix_len = PDTT_LISTEN_KEY_BITS, .port = ctx->user_port};

	key.addr[2] = bpf_htonl(0xffff);
	key.addr[3] = ctx->user_ip4;
	return judge(ctx, &key);
}

/* Also for IPv6 sockets that connect to a v4-mapped address. */
SEC("cgroup/connect6")
int connect6_guard(struct bpf_sock_addr *ctx)
{
	struct pdtt_listen_key key = {.prefix_len = PDTT_LISTEN_KEY_BITS, .port = ctx->user_port};

	key.addr[0] = ctx->user_ip6[0];
	key.addr[1] = ctx->user_ip6[1];
	key.addr[2] = ctx->user_ip6[2];
	key.addr[3] = ctx->user_ip6[3];
	return judge(ctx, &key);
}
