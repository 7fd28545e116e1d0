#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the exporter for arm64, boots each kernel named (default: 6.1 and 6.12) on an emulated
# arm64 machine and checks what the exporter counts in it. As root it installs what is missing.
# Exit code: 0 passed, 1 failed, 77 skipped, with the reason, because something could not be had.
#
# usage: test/arm64/run.sh [KERNEL...]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/packages.sh
PATH=$PATH:/usr/sbin:/sbin  # not everybody's search path has bpftool and depmod

readonly SYSROOT=build/_sysroot-arm64
readonly SKIPPED=77
pids=()

skip() {
  echo "skipped arm64: $*"
  exit "$SKIPPED"
}

get_what_is_needed() {
  local packages=("${BUILD_PACKAGES[@]}" "${ARM64_PACKAGES[@]}") missing reason
  install_packages "${packages[@]}" || true
  missing=$(missing_packages "${packages[@]}")
  [[ -z $missing ]] || skip "not installed:" "${missing//$'\n'/ }"
  echo "== civetweb and the arm64 libraries: fetching them, unless they are there"
  reason=$(deploy/fetch-civetweb.sh build/_sources 2>&1) || skip "$reason"
  reason=$(deploy/fetch-sysroot-arm64.sh "$SYSROOT" 2>&1) || skip "$reason"
}

build() {
  echo "== arm64: configuring and building into build/arm64"
  cmake --preset arm64 >build/configure-arm64.log ||
    { cat build/configure-arm64.log; exit 1; }
  cmake --build --preset arm64
  readelf --file-header build/arm64/exporter/app/pdtt-exporter | grep -q AArch64 ||
    { echo "FAILED arm64: the exporter is for another machine"; exit 1; }
  echo "ok     arm64: the exporter is built"
}

# All at once: most of the time each is busy on one processor. Passed if one ran and none failed.
boot_all() {
  local kernel status=0 result=$SKIPPED
  echo "== arm64: booting" "$@"
  trap '((${#pids[@]} == 0)) || kill "${pids[@]}"' EXIT
  for kernel in "$@"; do
    python3 -B test/arm64/boot.py "$kernel" >"build/arm64-$kernel.log" 2>&1 &
    pids+=($!)
  done
  for kernel in "$@"; do
    wait "${pids[0]}" && status=0 || status=$?
    pids=("${pids[@]:1}")
    cat "build/arm64-$kernel.log"
    if ((status == SKIPPED || result == 1)); then
      continue
    fi
    result=$((status == 0 ? 0 : 1))
  done
  return "$result"
}

mkdir -p build
get_what_is_needed
build
if (($# == 0)); then
  set -- 6.1 6.12
fi
boot_all "$@"
