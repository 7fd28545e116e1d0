// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* An event for each packet, which user space adds up. */
#include "turns.bpf.h"
#include "packet.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

/* Packets for which the ring had no room. */
volatile __u64 lost_events SEC(".data.bench") __weak = 0;

struct packet_event {
	struct pdtt_conn_key key;
	__u32 uid;
	__u32 length;
	__u32 inbound;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024);
} packet_events SEC(".maps");

static __always_inline void send_event(struct __sk_buff *skb, bool inbound)
{
	struct pdtt_packet packet = {};
	struct packet_event *event;

	turn_of(skb);
	if (!parse_skb(skb, inbound, &packet))
		return;
	event = bpf_ringbuf_reserve(&packet_events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return;
	}
	event->key = packet.key;
	event->uid = bpf_get_socket_uid(skb);
	event->length = skb->len;
	event->inbound = inbound;
	event->pad = 0;
	bpf_ringbuf_submit(event, 0);
}

SEC("cgroup_skb/ingress")
int event_ingress(struct __sk_buff *skb)
{
	send_event(skb, true);
	return 1;
}

SEC("cgroup_skb/egress")
int event_egress(struct __sk_buff *skb)
{
	send_event(skb, false);
	return 1;
}
