// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What any program at the cgroup hooks costs: it lets the packet pass. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

SEC("cgroup_skb/ingress")
int empty_ingress(struct __sk_buff* skb) {
  return 1;
}

SEC("cgroup_skb/egress")
int empty_egress(struct __sk_buff* skb) {
  return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
