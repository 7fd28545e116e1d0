#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Keeps an exporter busy for a while and holds every scrape to those before: no counter goes back,
# and the balance closes. Builds the release unless PDTT_EXPORTER names the program. All that it
# makes it removes. Exit code 1: something was wrong.
#
# usage: sudo test/soak/run.sh [--persist] [MINUTES]
#
#   --persist  with --persist, and kill -9 now and then: the counters go on
#   MINUTES    how long (default: 10)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
PATH=$PATH:/usr/sbin:/sbin  # not everybody's search path has ip and bpftool

case ${1:-} in
  -h | --help)
    sed -n '3,10s/^# \?//p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
esac

if [[ -z ${PDTT_EXPORTER:-} ]]; then
  mkdir -p build
  deploy/fetch-civetweb.sh build/_sources
  cmake --preset release -DBUILD_TESTING=ON >build/configure-release.log ||
    { cat build/configure-release.log; exit 1; }
  cmake --build --preset release --target pdtt-exporter
fi
export PDTT_EXPORTER=${PDTT_EXPORTER:-$PWD/build/release/exporter/app/pdtt-exporter}
export PYTHONPATH=$PWD/test/soak:$PWD/test/e2e PYTHONDONTWRITEBYTECODE=1
# Whatever is pinned is gone with the mount.
exec unshare --mount --propagation private sh -c \
  'mount -t bpf bpf /sys/fs/bpf && exec python3 -m pdtt_soak "$@"' sh "$@"
