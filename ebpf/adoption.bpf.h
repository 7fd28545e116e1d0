/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Sockets whose creation went unseen get the storage that socket(2) gives to the others: those
 * that are older than the programs, and those that the kernel makes for itself.
 */
#ifndef PDTT_ADOPTION_BPF_H
#define PDTT_ADOPTION_BPF_H

#include "connection.bpf.h"

/* Only kernels with Multipath TCP have these. */
struct tcp_sock___mptcp {
	bool is_mptcp;
} __attribute__((preserve_access_index));

struct mptcp_subflow_context___mptcp {
	struct sock *conn; /* the Multipath TCP socket that the process has */
} __attribute__((preserve_access_index));

/* The kernel makes the subflows of Multipath TCP, but for the process that has the connection. */
static __always_inline bool is_subflow(struct sock *sk)
{
	struct tcp_sock___mptcp *tcp = (void *)sk;

	return BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP &&
	       bpf_core_field_exists(tcp->is_mptcp) && BPF_CORE_READ(tcp, is_mptcp);
}

/* A worker makes further subflows: only the socket that they carry says whose they are. */
static __always_inline __u32 subflow_owner(struct sock *sk)
{
	struct inet_connection_sock *icsk = (void *)sk;
	struct mptcp_subflow_context___mptcp *subflow = BPF_CORE_READ(icsk, icsk_ulp_data);

	return BPF_CORE_READ(subflow, conn, sk_uid.val);
}

/* `uid` is the owner as far as the caller can tell. */
static __always_inline __u32 owner_of(struct sock *sk, __u32 uid)
{
	if (is_subflow(sk))
		return subflow_owner(sk);
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock) ? PDTT_KERNEL_UID : uid;
}

/* Kernels before 5.17 have the field in a union; there only the whole host can be watched so. */
struct sock_cgroup_data___plain {
	struct cgroup *cgroup;
} __attribute__((preserve_access_index));

#define PDTT_MAX_CGROUP_DEPTH 32

/* True if the exporter's cgroup hooks see the socket's packets: it is in that part of the tree. */
__subprog bool is_watched(struct sock *sk)
{
	struct sock_cgroup_data___plain *data = (void *)&sk->sk_cgrp_data;
	const struct cgroup *cgroup;
	int i;

	if (settings.cgroup_id == PDTT_ROOT_CGROUP)
		return true;
	if (!bpf_core_field_exists(data->cgroup))
		return false;
	cgroup = BPF_CORE_READ(data, cgroup);
	for (i = 0; i < PDTT_MAX_CGROUP_DEPTH && cgroup; i++) {
		if (BPF_CORE_READ(cgroup, kn, id) == settings.cgroup_id)
			return true;
		/* A cgroup begins with its own state, self, and parents are known by theirs. */
		cgroup = (const void *)BPF_CORE_READ(cgroup, self.parent);
	}
	return false;
}

/* For `uid`, see owner_of(). NULL: there is no room. */
static __always_inline struct pdtt_conn *adopt(struct sock *sk, __u32 uid)
{
	struct pdtt_conn init = {};
	struct pdtt_conn *conn;

	init_owner(&init, owner_of(sk, uid), protocol_class(sk->sk_type, sk->sk_protocol),
		   BPF_CORE_READ(sk, __sk_common.skc_net.net));
	init.flags |= PDTT_CONN_OLDER;
	conn = bpf_sk_storage_get(&conn_stats_map, sk, &init, BPF_SK_STORAGE_GET_F_CREATE);
	if (!conn)
		count_failure(PDTT_CONN_STATS_MAP);
	return conn;
}

#endif /* PDTT_ADOPTION_BPF_H */
