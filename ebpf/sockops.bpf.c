// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* TCP connections from start to end. */
#include "tcp_events.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

/*
 * connect() runs in process context before the SYN leaves; everything else may run in softirq,
 * where "current" is whoever was interrupted. The reply is left alone: other programs set it.
 */
SEC("sockops")
int sockops_tracker(struct bpf_sock_ops *ops)
{
	switch (ops->op) {
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		tcp_connect(ops);
		break;
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		tcp_established(ops, PDTT_OUTBOUND);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		tcp_accepted(ops);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		if (ops->args[1] == BPF_TCP_CLOSE)
			tcp_closed(ops);
		break;
	case BPF_SOCK_OPS_RETRANS_CB:
		tcp_retransmitted(ops);
		break;
	}
	return 1;
}
