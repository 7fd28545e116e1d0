/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Is the current process at work on a socket? For hooks that may also run in softirq. */
#ifndef PDTT_CALLER_BPF_H
#define PDTT_CALLER_BPF_H

#include <bpf/bpf_tracing.h>
#include "kernel_support.bpf.h"

/* Negative outside of system calls. */
#ifdef __TARGET_ARCH_arm64
#define PDTT_SYSCALL_NUMBER(regs) ((__s64)BPF_CORE_READ(regs, syscallno))
#else
#define PDTT_SYSCALL_NUMBER(regs) ((__s64)BPF_CORE_READ(regs, orig_ax))
#endif

#define PDTT_STACK_SIZE 16384 /* of the kernel, x86-64; with KASAN it is another one */
#define PDTT_USER_CS	0x33 /* code segment of 64-bit processes */

/* The registers that the current task entered the kernel with. NULL: not to be had. */
static __always_inline struct pt_regs *entry_registers(void)
{
	struct pt_regs *regs = NULL;

	if (PDTT_HAS_TASK_POINTER)
		return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
#ifdef __TARGET_ARCH_x86
	/* They are at the top of its stack: task_pt_regs(), arch/x86/include/asm/processor.h. */
	regs = BPF_CORE_READ(current_task(), stack) + PDTT_STACK_SIZE -
	       bpf_core_type_size(struct pt_regs);
	if (BPF_CORE_READ(regs, cs) != PDTT_USER_CS)
		return NULL;
#endif
	return regs;
}

/*
 * True if the current process is in a system call whose first argument is a file descriptor of
 * the socket: read, write, send, recv, sendfile... Then it moves data through the socket, whether
 * the hook runs in its own context or in a softirq that interrupted it. Being in process context
 * would prove less: whoever lists sockets (ss -i) sends what came up while it held the lock.
 */
static __always_inline bool is_callers(const struct socket *socket)
{
	struct pt_regs *regs = entry_registers();
	struct fdtable *table;
	struct file **files;
	struct file *file;
	__u64 fd;

	if (!socket || !regs || PDTT_SYSCALL_NUMBER(regs) < 0)
		return false;
	fd = PT_REGS_PARM1_CORE_SYSCALL(regs);
	table = BPF_CORE_READ(current_task(), files, fdt);
	if (fd >= BPF_CORE_READ(table, max_fds))
		return false;
	files = BPF_CORE_READ(table, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), files + fd))
		return false;
	return BPF_CORE_READ(file, private_data) == (void *)socket;
}

#endif /* PDTT_CALLER_BPF_H */
