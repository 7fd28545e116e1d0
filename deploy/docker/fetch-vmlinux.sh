#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetches vmlinux.h, the types of a kernel that the BPF programs are compiled against, from Debian's
# packages into DIR and prints its path. With it a build needs no types of the kernel that runs, and
# every machine builds the same: where a field is in another kernel, the programs find out when they
# are loaded (CO-RE).
#
# usage: fetch-vmlinux.sh DIR
set -euo pipefail

# shellcheck source=deploy/apt-private.sh
source "$(dirname "${BASH_SOURCE[0]}")/../apt-private.sh"

# The release that packages it: a 6.12 kernel, which has all types that are used.
readonly RELEASE=trixie
readonly PACKAGE=linux-bpf-dev

fail() {
  echo "fetch-vmlinux: $*" >&2
  exit 1
}

main() {
  (($# == 1)) || fail "usage: fetch-vmlinux.sh DIR"
  local header
  mkdir -p "$1"
  apt_private_open "$1/apt" "$RELEASE" deb || fail "no packages of $RELEASE"
  apt_private_unpack "$1/apt" "$1/root" "$PACKAGE" || fail "no package $PACKAGE"
  header=$(find "$(realpath "$1/root")" -name vmlinux.h -print -quit)
  [[ -n $header ]] || fail "$PACKAGE holds no vmlinux.h"
  echo "$header"
}

main "$@"
