/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Is the current process at work on a socket? For hooks that may also run in softirq. */
#ifndef PDTT_CALLER_BPF_H
#define PDTT_CALLER_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "maps.bpf.h"

/* Negative outside of system calls. */
#ifdef __TARGET_ARCH_arm64
#define PDTT_SYSCALL_NUMBER(regs) ((__s64)(regs)->syscallno)
#else
#define PDTT_SYSCALL_NUMBER(regs) ((__s64)(regs)->orig_ax)
#endif

/*
 * True if the current process is in a system call whose first argument is a file descriptor of
 * the socket: read, write, send, recv, sendfile... Then it moves data through the socket, whether
 * the hook runs in its own context or in a softirq that interrupted it. Being in process context
 * would prove less: whoever lists sockets (ss -i) sends what came up while it held the lock.
 */
static __always_inline bool is_callers(const struct socket *socket)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u64 fd = PT_REGS_PARM1_CORE_SYSCALL(regs);
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file;
	struct file **files;

	if (!socket || PDTT_SYSCALL_NUMBER(regs) < 0)
		return false;
	if (fd >= BPF_CORE_READ(table, max_fds))
		return false;
	files = BPF_CORE_READ(table, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), files + fd))
		return false;
	return BPF_CORE_READ(file, private_data) == (void *)socket;
}

#endif /* PDTT_CALLER_BPF_H */
