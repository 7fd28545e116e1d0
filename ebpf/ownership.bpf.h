/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Whose socket is it? The user of the process that created it, until one of higher rank moves
 * data through it: ownership rises root -> system user -> ordinary user, never back. What the
 * kernel made for itself stays the kernel's.
 */
#ifndef PDTT_OWNERSHIP_BPF_H
#define PDTT_OWNERSHIP_BPF_H

#include "accounting.bpf.h"
#include "kernel_support.bpf.h"
#include "nested_network.bpf.h"

enum pdtt_rank {
	PDTT_RANK_ROOT,
	PDTT_RANK_SYSTEM,
	PDTT_RANK_ORDINARY,
};

__global_subprog __u32 rank_of(__u32 uid)
{
	__u32 i;

	if (!uid)
		return PDTT_RANK_ROOT;
	if (uid == PDTT_KERNEL_UID)
		return PDTT_RANK_ORDINARY;
	for (i = 0; i < PDTT_MAX_SYSTEM_UID_RANGES; i++) {
		if (i >= settings.system_uid_ranges)
			break;
		if (uid >= settings.system_uids[i].first && uid <= settings.system_uids[i].last)
			return PDTT_RANK_SYSTEM;
	}
	return PDTT_RANK_ORDINARY;
}

/*
 * Who answers for a uid: of sub-uids, the user they were given to. Asked before there is an
 * account, or one user could fill the table with 65,536 of them.
 */
static __always_inline __u32 answerable(__u32 uid)
{
	struct pdtt_uid_lpm_key key = {.prefix_len = 32, .uid = bpf_htonl(uid)};
	__u32 *owner = bpf_map_lookup_elem(&subuid_map, &key);

	return owner ? *owner : uid;
}

/*
 * The user of the current process, process context only: the real uid, or the effective one
 * where a daemon has taken on a user of higher rank with seteuid(2).
 */
__global_subprog __u32 current_user(void)
{
	const struct cred *cred;
	__u32 real, effective;

	if (PDTT_HAS_TASK_POINTER) { /* loads, without a call for each */
		cred = bpf_get_current_task_btf()->cred;
		real = cred->uid.val;
		effective = cred->euid.val;
	} else {
		cred = BPF_CORE_READ(current_task(), cred);
		real = BPF_CORE_READ(cred, uid.val);
		effective = BPF_CORE_READ(cred, euid.val);
	}
	if (real == effective)
		return real;
	return rank_of(effective) > rank_of(real) ? effective : real;
}

/*
 * Flags change on several CPUs at once; each is taken by exactly one of them.
 * True: it was not set before.
 */
static __always_inline bool take_flag(struct pdtt_conn *conn, __u32 flag)
{
	return !(fetch_or(&conn->flags, flag) & flag);
}

/* True: it was set. */
static __always_inline bool drop_flag(struct pdtt_conn *conn, __u32 flag)
{
	return fetch_and(&conn->flags, ~flag) & flag;
}

/* The process, not the thread: threads have names of their own. */
static __always_inline void set_process(struct pdtt_conn *conn)
{
	struct task_struct *leader = BPF_CORE_READ(current_task(), group_leader);

	conn->pid = BPF_CORE_READ(leader, tgid);
	BPF_CORE_READ_STR_INTO(&conn->comm, leader, comm);
}

static __always_inline bool outranks(__u32 uid, __u32 owner)
{
	return uid != owner && rank_of(uid) > rank_of(owner);
}

/* Once an owner is final, no packet and no I/O asks for the current process any more. */
static __always_inline __u32 settled(__u32 uid)
{
	return !settings.handover || rank_of(uid) == PDTT_RANK_ORDINARY ? PDTT_CONN_SETTLED : 0;
}

/* The storage of a new socket of `uid`; its peer is not known yet. */
static __always_inline void init_owner(struct pdtt_conn *conn, __u32 uid, __u32 protocol,
				       struct net *net)
{
	uid = answerable(uid);
	conn->uid = uid;
	conn->protocol = protocol;
	conn->slot = PDTT_NO_SLOT;
	conn->netns_cookie = cookie_of(net);
	conn->flags = settled(uid);
	conn->home_slot = PDTT_NO_SLOT;
	conn->tap_ifindex = only_tap((__u64)net);
	if (conn->tap_ifindex)
		conn->flags |= PDTT_CONN_NESTED;
	else
		conn->home_slot = account_slot(uid, 0, protocol);
}

#endif /* PDTT_OWNERSHIP_BPF_H */
