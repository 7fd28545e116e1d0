// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Frames before the stack, on the interfaces that the configuration names. */
#include "xdp_accounting.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

/*
 * Runs in the driver's poll loop (native) or on the way out of it (generic). Never drops. The
 * exporter asks for frames of several buffers as well, as xdp.frags would, where they exist.
 */
SEC("xdp")
int xdp_tracker(struct xdp_md *ctx)
{
	count_frame(ctx);
	return XDP_PASS;
}
