/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Networks inside networks: a rootless container whose only way out is a tap device.
 *
 * slirp4netns or pasta reads the container's packets from that device and moves the data through
 * sockets of its own on the host. Both sockets belong to the same user; only the outer one sends
 * what the wire carries. A container with a virtual Ethernet pair sends its packets itself.
 */
#ifndef PDTT_NESTED_NETWORK_BPF_H
#define PDTT_NESTED_NETWORK_BPF_H

#include <bpf/bpf_core_read.h>
#include "maps.bpf.h"

#define PDTT_MAX_DEVICES      16 /* with more of them, it is not that simple container */
#define PDTT_LOOPBACK_IFINDEX 1 /* in every network namespace */
#define PDTT_IFF_UP	      0x1
#define PDTT_IFF_LOOPBACK     0x8

/* tun and tap devices are of the same kind to rtnetlink. */
static __always_inline bool is_tap(const struct net_device *device)
{
	char kind[4] = {};

	bpf_probe_read_kernel_str(kind, sizeof(kind), BPF_CORE_READ(device, rtnl_link_ops, kind));
	return kind[0] == 't' && kind[1] == 'u' && kind[2] == 'n';
}

/*
 * The index of the tap device that is the only way out of the namespace: it belongs to an
 * unprivileged user namespace, and what else is up in it is the loopback device. 0: not so.
 * `address` is the namespace's, as a number: see __global_subprog.
 */
__global_subprog __u32 only_tap(__u64 address)
{
	const struct net *net = (const struct net *)address;
	const struct list_head *head = &net->dev_base_head;
	const struct list_head *next;
	const struct net_device *device;
	__u32 tap = 0;
	__u32 flags;
	int i;

	if (!BPF_CORE_READ(net, user_ns, level))
		return 0;
	next = BPF_CORE_READ(net, dev_base_head.next);
	for (i = 0; i < PDTT_MAX_DEVICES; i++) {
		if (next == head)
			return tap;
		device = (const void *)next - bpf_core_field_offset(struct net_device, dev_list);
		flags = BPF_CORE_READ(device, flags);
		if (flags & PDTT_IFF_UP && !(flags & PDTT_IFF_LOOPBACK)) {
			if (tap || !is_tap(device))
				return 0;
			tap = BPF_CORE_READ(device, ifindex);
		}
		next = BPF_CORE_READ(next, next);
	}
	return 0;
}

#endif /* PDTT_NESTED_NETWORK_BPF_H */
