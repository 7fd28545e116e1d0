#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Measures what the exporter costs and prints one table: per packet, under contention, end to end,
# per scrape, at rest. Builds a release into build/bench first; as root it installs what is missing.
#
# usage: sudo test/bench/run.sh [--quick] [--json FILE] [SECTION...]
#        sections: packet contention network scrape rest
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
for ((i = 1; i <= $#; ++i)); do  # paths are the caller's
  if [[ ${!i} == --json ]]; then
    next=$((i + 1))
    set -- "${@:1:i}" "$(realpath -m "${!next}")" "${@:next + 1}"
  fi
done
cd "$here/../.."
source deploy/packages.sh
PATH=$PATH:/usr/sbin:/sbin

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '3,7s/^# \?//p' test/bench/run.sh
  exit 0
fi
if ((EUID != 0)); then
  echo "test/bench/run.sh: eBPF needs root; run: sudo test/bench/run.sh" >&2
  exit 1
fi

mkdir -p build
install_packages "${BUILD_PACKAGES[@]}" "${BENCH_PACKAGES[@]}" >&2
deploy/fetch-civetweb.sh build/_sources >&2
echo "== building a release into build/bench" >&2
cmake --preset release -B build/bench -DBUILD_TESTING=ON >build/configure-bench.log ||
  { cat build/configure-bench.log; exit 1; }
cmake --build build/bench --target pdtt-exporter pdtt_bench >build/bench.log ||
  { tail -n 50 build/bench.log; exit 1; }

export PDTT_EXPORTER=$PWD/build/bench/exporter/app/pdtt-exporter
export PYTHONPATH=$PWD/test/bench:$PWD/test/e2e PYTHONDONTWRITEBYTECODE=1
exec python3 -m pdtt_bench --exporter "$PDTT_EXPORTER" --programs build/bench/test/bench "$@"
