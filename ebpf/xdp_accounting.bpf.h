/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Counts one received frame, under its connection's owner where the bridge knows it. */
#ifndef PDTT_XDP_ACCOUNTING_BPF_H
#define PDTT_XDP_ACCOUNTING_BPF_H

#include "accounting.bpf.h"
#include "kernel_support.bpf.h"

static __always_inline void add_frame(void *map, __u32 index, __u64 bytes)
{
	struct pdtt_frames *frames = bpf_map_lookup_elem(map, &index);

	if (!frames)
		return;
	add(&frames->bytes, bytes);
	add(&frames->packets, 1);
}

/* Position in settings.ifindex; PDTT_MAX_INTERFACES: not one of ours. */
static __always_inline __u32 interface_index(__u32 ifindex)
{
	__u32 i;

	for (i = 0; i < PDTT_MAX_INTERFACES; i++) {
		if (i >= settings.interfaces)
			break;
		if (settings.ifindex[i] == ifindex)
			return i;
	}
	return PDTT_MAX_INTERFACES;
}

/* Frames of several buffers, and the helper that measures them, came with 5.18. */
static __always_inline __u64 frame_bytes(struct xdp_md *ctx)
{
	if (PDTT_HAS_HELPER(xdp_get_buff_len))
		return bpf_xdp_get_buff_len(ctx);
	return (void *)(long)ctx->data_end - (void *)(long)ctx->data;
}

static __always_inline void count_frame(struct xdp_md *ctx)
{
	__u32 interface = interface_index(ctx->ingress_ifindex);
	__u64 bytes = frame_bytes(ctx);
	struct pdtt_conn_owner *owner = NULL;
	struct pdtt_packet packet = {};
	__u32 result;

	if (interface == PDTT_MAX_INTERFACES)
		return;
	result = parse_frame((void *)(long)ctx->data, (void *)(long)ctx->data_end, bytes, &packet);
	if (result == PDTT_XDP_UNKNOWN_CONNECTION)
		owner = bpf_map_lookup_elem(&conn_uid_map, &packet.key);
	if (owner) {
		result = PDTT_XDP_ATTRIBUTED;
		if (owner->slot != PDTT_NO_SLOT)
			add_frame(&xdp_user_map, owner->slot * settings.interfaces + interface,
				  bytes);
	}
	add_frame(&xdp_result_map, interface * PDTT_XDP_RESULTS + result, bytes);
}

#endif /* PDTT_XDP_ACCOUNTING_BPF_H */
