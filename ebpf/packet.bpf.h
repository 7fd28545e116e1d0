/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Bounds-checked reading of Ethernet, VLAN, IPv4, IPv6, TCP and UDP headers.
 *
 * XDP sees frames before the stack has checked anything; the cgroup hooks see
 * IP packets that it has. Both start from the same IP parser.
 */
#ifndef PDTT_PACKET_BPF_H
#define PDTT_PACKET_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "pdtt_abi.h"

#define ETH_P_IP     0x0800
#define ETH_P_IPV6   0x86dd
#define ETH_P_8021Q  0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_P_QINQ1  0x9100 /* 802.1ad before it was a standard */

#define IPV4_FRAGMENT_BITS 0x3fff /* more fragments, offset */
#define IPV6_FRAGMENT_BITS 0xfff9 /* offset, more fragments */

/* RFC 8200, section 4.1, and RFC 4302 */
#define NEXTHDR_HOP	 0
#define NEXTHDR_ROUTING	 43
#define NEXTHDR_FRAGMENT 44
#define NEXTHDR_AUTH	 51
#define NEXTHDR_DEST	 60

#define PDTT_VLAN_TAGS		     2
#define PDTT_IPV6_EXTENSIONS	     6
#define PDTT_IPV6_SHORTEST_EXTENSION 8
#define PDTT_LONGEST		     0xffffU /* what a length field of IP can say */
#define PDTT_UNCHECKED		     0x7fffffffU /* the stack has compared lengths already */

/* The four words of an address, so that it is copied without alignment on the wire. */
struct pdtt_addr_words {
	__u32 word[4];
} __attribute__((packed));

struct pdtt_packet {
	struct pdtt_conn_key key;
	__u32 headers; /* bytes of IP and transport header, repeated in each GSO segment */
	__u32 jumbo; /* bytes of the hop-by-hop header that only a super-packet has */
};

static __always_inline void v4_mapped(__u8 *to, __u32 address)
{
	struct pdtt_addr_words *words = (void *)to;

	/* Or both families' loads become one at a computed offset, which contexts do not allow. */
	barrier_var(address);
	words->word[0] = 0;
	words->word[1] = 0;
	words->word[2] = bpf_htonl(0xffff);
	words->word[3] = address;
}

static __always_inline void copy_addr(__u8 *to, const void *from)
{
	*(struct pdtt_addr_words *)to = *(const struct pdtt_addr_words *)from;
}

/*
 * Ports and header length of TCP and UDP; other protocols have neither. `available` is what the
 * IP header promises from `at` on: what lies behind it is link-layer padding, not a header.
 */
static __always_inline enum pdtt_xdp_result parse_transport(void *at, void *end, __u32 available,
							    bool ipv6, bool inbound,
							    struct pdtt_packet *packet)
{
	struct tcphdr *tcp = at;
	struct udphdr *udp = at; /* both begin with the ports */
	__u32 size = sizeof(*udp);

	if (packet->key.protocol != IPPROTO_TCP && packet->key.protocol != IPPROTO_UDP)
		return PDTT_XDP_UNKNOWN_CONNECTION;
	if (packet->key.protocol == IPPROTO_TCP) {
		if ((void *)(tcp + 1) > end)
			return PDTT_XDP_MALFORMED;
		size = tcp->doff * 4;
		if (size < sizeof(*tcp) || size > available)
			return PDTT_XDP_MALFORMED;
	} else {
		if ((void *)(udp + 1) > end || size > available)
			return PDTT_XDP_MALFORMED;
		/* 0 stands for the rest of a packet in IPv6 only: RFC 2675 */
		if (available <= PDTT_LONGEST && !(ipv6 && !udp->len) &&
		    (bpf_ntohs(udp->len) < size || bpf_ntohs(udp->len) > available))
			return PDTT_XDP_MALFORMED;
	}
	packet->headers += size;
	packet->key.local_port = bpf_ntohs(inbound ? udp->dest : udp->source);
	packet->key.remote_port = bpf_ntohs(inbound ? udp->source : udp->dest);
	return PDTT_XDP_UNKNOWN_CONNECTION;
}

/* `length` is what the frame holds from the IP header on; 0: the stack has checked it. */
static __always_inline enum pdtt_xdp_result parse_ipv4(void *at, void *end, __u32 length,
						       bool inbound, struct pdtt_packet *packet)
{
	struct iphdr *ip = at;
	__u32 header, total;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return PDTT_XDP_MALFORMED;
	header = ip->ihl * 4;
	total = length ? bpf_ntohs(ip->tot_len) : PDTT_UNCHECKED;
	if (length && (total > length || total < header))
		return PDTT_XDP_MALFORMED;
	v4_mapped(packet->key.local_addr, inbound ? ip->daddr : ip->saddr);
	v4_mapped(packet->key.remote_addr, inbound ? ip->saddr : ip->daddr);
	packet->key.protocol = ip->protocol;
	packet->headers = header;
	if (length && ip->frag_off & bpf_htons(IPV4_FRAGMENT_BITS))
		return PDTT_XDP_FRAGMENT;
	if (at + header > end)
		return PDTT_XDP_MALFORMED;
	return parse_transport(at + header, end, total - header, false, inbound, packet);
}

/* Walks the extension headers of RFC 8200, section 4, to the transport header. */
static __always_inline enum pdtt_xdp_result parse_ipv6(void *at, void *end, __u32 length,
						       bool inbound, struct pdtt_packet *packet)
{
	struct ipv6hdr *ip = at;
	__u32 available = PDTT_UNCHECKED;
	__u8 next;
	int i;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return PDTT_XDP_MALFORMED;
	if (length) {
		available = bpf_ntohs(ip->payload_len);
		if (available + sizeof(*ip) > length)
			return PDTT_XDP_MALFORMED;
	}
	copy_addr(packet->key.local_addr, inbound ? &ip->daddr : &ip->saddr);
	copy_addr(packet->key.remote_addr, inbound ? &ip->saddr : &ip->daddr);
	packet->headers = sizeof(*ip);
	next = ip->nexthdr;
	at = ip + 1;
	for (i = 0; i < PDTT_IPV6_EXTENSIONS; i++) {
		struct frag_hdr *fragment = at;
		struct ipv6_opt_hdr *option = at;
		__u32 size;

		if (next != NEXTHDR_HOP && next != NEXTHDR_ROUTING && next != NEXTHDR_FRAGMENT &&
		    next != NEXTHDR_AUTH && next != NEXTHDR_DEST)
			break;
		if (at + PDTT_IPV6_SHORTEST_EXTENSION > end ||
		    available < PDTT_IPV6_SHORTEST_EXTENSION)
			return PDTT_XDP_MALFORMED;
		if (next == NEXTHDR_FRAGMENT && length &&
		    fragment->frag_off & bpf_htons(IPV6_FRAGMENT_BITS)) {
			packet->key.protocol = fragment->nexthdr;
			return PDTT_XDP_FRAGMENT;
		}
		if (next == NEXTHDR_FRAGMENT)
			size = 8;
		else if (next == NEXTHDR_AUTH)
			size = (option->hdrlen + 2) * 4;
		else
			size = (option->hdrlen + 1) * 8;
		if (next == NEXTHDR_HOP && !ip->payload_len)
			packet->jumbo = size; /* RFC 2675: big TCP, gone before the wire */
		else
			packet->headers += size;
		next = option->nexthdr;
		at += size;
		if (at > end || size > available)
			return PDTT_XDP_MALFORMED;
		available -= size;
	}
	packet->key.protocol = next;
	return parse_transport(at, end, available, true, inbound, packet);
}

/*
 * Reads the frame's addresses and ports. `frame` is its whole length, which may be more than
 * lies between `at` and `end`. PDTT_XDP_UNKNOWN_CONNECTION: the key is complete.
 */
static __always_inline enum pdtt_xdp_result parse_frame(void *at, void *end, __u64 frame,
							struct pdtt_packet *packet)
{
	struct ethhdr *ethernet = at;
	__u32 offset = sizeof(*ethernet);
	__be16 type;
	int i;

	if ((void *)(ethernet + 1) > end)
		return PDTT_XDP_MALFORMED;
	type = ethernet->h_proto;
	at = ethernet + 1;
	for (i = 0; i < PDTT_VLAN_TAGS; i++) {
		struct vlan_hdr *tag = at;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD) &&
		    type != bpf_htons(ETH_P_QINQ1))
			break;
		if ((void *)(tag + 1) > end)
			return PDTT_XDP_MALFORMED;
		type = tag->h_vlan_encapsulated_proto;
		at = tag + 1;
		offset += sizeof(*tag);
	}
	if (type == bpf_htons(ETH_P_IP))
		return parse_ipv4(at, end, frame - offset, true, packet);
	if (type == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(at, end, frame - offset, true, packet);
	return PDTT_XDP_NOT_IP;
}

/* Reads the IP packet of a cgroup hook. False: its headers cannot be read. */
static __always_inline bool parse_skb(struct __sk_buff *skb, bool inbound,
				      struct pdtt_packet *packet)
{
	void *at = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	enum pdtt_xdp_result result;

	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		result = parse_ipv6(at, end, 0, inbound, packet);
	else
		result = parse_ipv4(at, end, 0, inbound, packet);
	return result == PDTT_XDP_UNKNOWN_CONNECTION;
}

#endif /* PDTT_PACKET_BPF_H */
