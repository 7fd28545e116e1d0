/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the programs of the original tracker's layout keep, for them and for who reads it. */
#ifndef PDTT_ORIGINAL_LAYOUT_H
#define PDTT_ORIGINAL_LAYOUT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

enum { kOriginalUsers = 10240, kOriginalConnections = 65536 };

struct pdtt_original_traffic {
  __u64 rx_bytes;
  __u64 tx_bytes;
  __u64 rx_packets;
  __u64 tx_packets;
};

struct pdtt_original_connection {
  __u32 local_address; /* addresses and ports in network order */
  __u32 remote_address;
  __u16 local_port;
  __u16 remote_port;
  __u8 protocol;
  __u8 padding[3];
};

#endif
