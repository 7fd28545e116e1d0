// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What any program at the same hooks costs. */
#include "turns.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

SEC("cgroup_skb/ingress")
int empty_ingress(struct __sk_buff *skb)
{
	turn_of(skb);
	return 1;
}

SEC("cgroup_skb/egress")
int empty_egress(struct __sk_buff *skb)
{
	turn_of(skb);
	return 1;
}

SEC("xdp")
int empty_xdp(struct xdp_md *ctx)
{
	take_turn((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	return XDP_PASS;
}
