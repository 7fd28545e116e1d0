/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What kernels differ in. libbpf answers the questions for the running kernel when it loads a
 * program, and the verifier then drops the branch that is not taken.
 */
#ifndef PDTT_KERNEL_SUPPORT_BPF_H
#define PDTT_KERNEL_SUPPORT_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define PDTT_HAS_HELPER(name) bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_##name)

/* The current task as a trusted pointer, and its registers: helpers of the same age (5.15). */
#define PDTT_HAS_TASK_POINTER PDTT_HAS_HELPER(task_pt_regs)

/* Read with BPF_CORE_READ(). Every kernel has this one. */
static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

static __always_inline struct net *current_net(void)
{
	return BPF_CORE_READ(current_task(), nsproxy, net_ns);
}

/* 0 where namespaces get their cookies on demand (before 5.12), so that no field holds them. */
static __always_inline __u64 cookie_of(const struct net *net)
{
	return bpf_core_field_exists(net->net_cookie) ? BPF_CORE_READ(net, net_cookie) : 0;
}

/* CLOCK_MONOTONIC, to the tick where that is cheaper. */
static __always_inline __u64 recent_ns(void)
{
	if (PDTT_HAS_HELPER(ktime_get_coarse_ns))
		return bpf_ktime_get_coarse_ns();
	return bpf_ktime_get_ns();
}

/*
 * The verifier refuses atomic operations that return the old value before 5.12, wherever they
 * stand. For those kernels everything is compiled a second time, with plain reads and writes: two
 * CPUs may then both believe they were the first, at the moment a connection begins or ends.
 */
static __always_inline __u32 fetch_or(__u32 *word, __u32 bits)
{
#ifdef PDTT_NO_FETCH_ATOMICS
	__u32 before = *(volatile __u32 *)word;

	*(volatile __u32 *)word = before | bits;
	return before;
#else
	return __sync_fetch_and_or(word, bits);
#endif
}

static __always_inline __u32 fetch_and(__u32 *word, __u32 bits)
{
#ifdef PDTT_NO_FETCH_ATOMICS
	__u32 before = *(volatile __u32 *)word;

	*(volatile __u32 *)word = before & bits;
	return before;
#else
	return __sync_fetch_and_and(word, bits);
#endif
}

/* True: `word` was `from` and is `to` now. */
static __always_inline bool compare_and_swap(__u32 *word, __u32 from, __u32 to)
{
#ifdef PDTT_NO_FETCH_ATOMICS
	if (*(volatile __u32 *)word != from)
		return false;
	*(volatile __u32 *)word = to;
	return true;
#else
	return __sync_val_compare_and_swap(word, from, to) == from;
#endif
}

#endif /* PDTT_KERNEL_SUPPORT_BPF_H */
