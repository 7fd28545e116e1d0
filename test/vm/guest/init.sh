#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Process 1 of a guest: mounts what a booted machine has, runs /run/pdtt-vm/job, which the host has
# put there, and switches off. A shell that waits for a child reaps everybody else's, too.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /dev/pts /dev/shm /run/lock /run/netns
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
ln -sf /proc/self/fd /dev/fd
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf

# The machine may get and lose users meanwhile, and the guest makes its own.
cp -a /etc /run/etc
mount --bind /run/etc /etc

# As if this kernel were installed.
mkdir -p /lib/modules
mount --bind "$KERNEL/lib/modules" /lib/modules
if [ -e "$KERNEL/config" ]; then
  cp "$KERNEL/config" "/boot/config-$(uname -r)"
fi

while read -r program capabilities; do
  setcap "$capabilities" "$program"
done </run/pdtt-vm/capabilities

echo 0 >/proc/sys/kernel/hung_task_timeout_secs  # emulation may be as slow as that
hostname guest
ip link set lo up

setsid sh /run/pdtt-vm/job </dev/null >/run/pdtt-vm/output 2>&1 &
wait $!
status=$?
dmesg >/run/pdtt-vm/dmesg
echo $status >/run/pdtt-vm/status
sync
echo o >/proc/sysrq-trigger
while :; do
  sleep 60
done
