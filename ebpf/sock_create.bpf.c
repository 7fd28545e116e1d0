// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The beginning and the end of a socket in user space, both in the context of its process. */
#include "connection.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

/*
 * socket(2): the last moment at which "current" is the owner for certain. The user's account is
 * made here too, so that increase() sees the first burst.
 */
SEC("cgroup/sock_create")
int sock_create_tracker(struct bpf_sock *sk)
{
	struct pdtt_conn init = {};

	if (!is_inet(sk->family))
		return 1;
	init_owner(&init, current_user(), protocol_class(sk->type, sk->protocol), current_net());
	set_process(&init);
	if (!bpf_sk_storage_get(&conn_stats_map, sk, &init, BPF_SK_STORAGE_GET_F_CREATE))
		count_failure(PDTT_CONN_STATS_MAP);
	return 1;
}

/* close(2): final for UDP and the rest; TCP goes on to send until sockops sees it closed. */
SEC("cgroup/sock_release")
int sock_release_tracker(struct bpf_sock *sk)
{
	struct pdtt_conn *conn = bpf_sk_storage_get(&conn_stats_map, sk, 0, 0);

	if (conn && conn->protocol != PDTT_TCP)
		close_connection(conn, PDTT_CLOSED);
	return 1;
}
