// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What socket_owner.bpf.c and socket_owner.cpp share. */
#ifndef PDTT_SOCKET_OWNER_H
#define PDTT_SOCKET_OWNER_H

enum { kMaxPeers = 16, kMaxOwners = 1024 };

/* IPv6 in network byte order; IPv4 as ::ffff:a.b.c.d */
struct peer_address {
  __u32 word[4];
};

#endif  // PDTT_SOCKET_OWNER_H
