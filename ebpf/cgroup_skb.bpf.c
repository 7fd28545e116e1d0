// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The account book: every IP packet of every socket in the cgroup. */
#include "skb_accounting.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

/* Runs in softirq when a socket is given a packet, after reassembly and GRO. */
SEC("cgroup_skb/ingress")
int cgroup_skb_ingress(struct __sk_buff *skb)
{
	count_packet(skb, true);
	return 1;
}

/* Runs in the sender's context or in softirq, before fragmentation and segmentation. */
SEC("cgroup_skb/egress")
int cgroup_skb_egress(struct __sk_buff *skb)
{
	count_packet(skb, false);
	return 1;
}
