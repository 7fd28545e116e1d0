#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run by a user: a container without privileges, whose network slirp4netns carries over sockets of
# the user. DIRECTORY belongs to the user.
#
# usage: container.sh DIRECTORY UNSHARE-OPTIONS... -- COMMAND...    (see unshare(1))
set -eu

cd "$1"
shift
options=
while [ "$1" != -- ]; do
  options="$options $1"
  shift
done
shift

exec 4<&0  # a job in the background has no other standard input
mkfifo unshared configured
# shellcheck disable=SC2086,SC2016  # several options; the inner shell is to expand "$@"
unshare --user --map-root-user --net $options -- \
  sh -c 'echo >unshared; read -r _ <configured; exec "$@"' sh "$@" <&4 &
container=$!
read -r _ <unshared
slirp4netns --configure --mtu=65520 --ready-fd=3 "$container" tap0 3>configured >&2 &
network=$!
status=0
wait "$container" || status=$?
kill "$network"
exit "$status"
