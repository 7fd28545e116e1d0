/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Whose socket is it? The user of the process that created it, until one of higher rank moves
 * data through it: ownership rises root -> system user -> ordinary user, never back.
 */
#ifndef PDTT_OWNERSHIP_BPF_H
#define PDTT_OWNERSHIP_BPF_H

#include <bpf/bpf_core_read.h>
#include "accounting.bpf.h"

enum pdtt_rank {
	PDTT_RANK_ROOT,
	PDTT_RANK_SYSTEM,
	PDTT_RANK_ORDINARY,
};

__subprog __u32 rank_of(__u32 uid)
{
	__u32 i;

	if (!uid)
		return PDTT_RANK_ROOT;
	for (i = 0; i < PDTT_MAX_SYSTEM_UID_RANGES; i++) {
		if (i >= settings.system_uid_ranges)
			break;
		if (uid >= settings.system_uids[i].first && uid <= settings.system_uids[i].last)
			return PDTT_RANK_SYSTEM;
	}
	return PDTT_RANK_ORDINARY;
}

/*
 * The user of the current process, process context only: the real uid, or the effective one
 * where a daemon has taken on a user of higher rank with seteuid(2).
 */
static __always_inline __u32 current_user(void)
{
	const struct cred *cred = bpf_get_current_task_btf()->cred;
	__u32 real = cred->uid.val;
	__u32 effective = cred->euid.val;

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
	return !(__sync_fetch_and_or(&conn->flags, flag) & flag);
}

/* True: it was set. */
static __always_inline bool drop_flag(struct pdtt_conn *conn, __u32 flag)
{
	return __sync_fetch_and_and(&conn->flags, ~flag) & flag;
}

/* The process, not the thread: threads have names of their own. */
static __always_inline void set_process(struct pdtt_conn *conn)
{
	struct task_struct *leader = bpf_get_current_task_btf()->group_leader;

	conn->pid = leader->tgid;
	bpf_probe_read_kernel_str(conn->comm, sizeof(conn->comm), leader->comm);
}

/* The storage of a new socket of `uid`; its peer is not known yet. */
static __always_inline void init_owner(struct pdtt_conn *conn, __u32 uid, __u32 protocol,
				       __u64 netns_cookie)
{
	conn->uid = uid;
	conn->protocol = protocol;
	conn->netns_cookie = netns_cookie;
	conn->slot = PDTT_NO_SLOT;
	conn->home_slot = account_slot(uid, 0, protocol);
}

#endif /* PDTT_OWNERSHIP_BPF_H */
