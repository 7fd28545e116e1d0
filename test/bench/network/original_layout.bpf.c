// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The cgroup programs of the original tracker's layout, written anew for comparison. */
#include "original_layout.bpf.h"

SEC("cgroup_skb/ingress")
int original_ingress(struct __sk_buff* skb) {
  return original_count(skb, true);
}

SEC("cgroup_skb/egress")
int original_egress(struct __sk_buff* skb) {
  return original_count(skb, false);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
