/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the programs of the original layout keep of a user, for them and for who reads it. */
#ifndef PDTT_BENCH_ORIGINAL_H
#define PDTT_BENCH_ORIGINAL_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* 1,024 in the forerunner; here, as many as we have. */
#define ORIGINAL_USERS 4096

struct original_user {
	__u32 uid;
	__u32 pid;
	__u64 tx_bytes;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 rx_packets;
	char username[16];
};

#endif /* PDTT_BENCH_ORIGINAL_H */
