#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# First program of a guest, run by busybox: the machine's files, which are read-only, under a layer
# in memory that takes every change; then guest/init.sh in there.
set -e

mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
while read -r module; do
  insmod "$module"
done </modules

mount -t 9p -o "$MACHINE_OPTIONS" machine /machine
mount -t tmpfs -o mode=755 tmpfs /changes
mkdir /changes/files /changes/work
mount -t overlay -o lowerdir=/machine,upperdir=/changes/files,workdir=/changes/work overlay /root

# The machine as it is, also where something is mounted over it here (/tmp, /run).
mkdir -p /root/machine
mount --move /machine /root/machine
mount -t tmpfs -o mode=755 tmpfs /root/run
mkdir /root/run/pdtt-vm
mount -t 9p -o trans=virtio,version=9p2000.L,access=any,msize=131072 results /root/run/pdtt-vm

umount /proc
mount --move /dev /root/dev
exec switch_root /root /bin/sh "$INIT"
