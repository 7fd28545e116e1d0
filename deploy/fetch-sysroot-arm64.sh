#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetches what the exporter is compiled and linked against on an arm64 machine into DIR: Debian's
# packages of this release with all they depend on, verified by apt's signatures and only unpacked.
# The system's own dpkg stays at one architecture. Does nothing if DIR is complete already.
#
# usage: fetch-sysroot-arm64.sh DIR
set -euo pipefail

# shellcheck source=deploy/apt-private.sh
source "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"
# shellcheck source=deploy/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/packages.sh"

# The build's libraries; Catch2 for the tests; a shell for the machine that test/arm64 boots.
mapfile -t PACKAGES < <(printf '%s\n' "${BUILD_PACKAGES[@]}" | grep -e '-dev$' | grep -vx dpkg-dev)
PACKAGES+=(libc6-dev catch2 busybox-static)
# The release that packages vmlinux.h: the types of a 6.12 kernel, which has all that are used.
readonly VMLINUX_RELEASE=trixie
readonly VMLINUX_PACKAGE=linux-bpf-dev

fail() {
  echo "fetch-sysroot-arm64: $*" >&2
  exit 1
}

# Another list of packages makes another sysroot.
contents() {
  echo "${PACKAGES[*]} $VMLINUX_RELEASE/$VMLINUX_PACKAGE"
}

fetch() {
  local work=$1 release deb
  release=$(apt_private_release)
  apt_private_open "$work/apt" "$release" deb arm64 || fail "no packages of $release for arm64"
  apt_private "$work/apt" --yes --no-install-recommends --download-only install "${PACKAGES[@]}" \
    >"$work/log" 2>&1 || fail "apt-get failed: $(grep -m1 '^E:' "$work/log" || tail -n1 "$work/log")"
  for deb in "$work"/apt/cache/archives/*.deb; do
    dpkg-deb -x "$deb" "$work/root"
  done
  apt_private_open "$work/apt" "$VMLINUX_RELEASE" deb arm64 || fail "no vmlinux.h for arm64"
  apt_private_unpack "$work/apt" "$work/root" "$VMLINUX_PACKAGE" ||
    fail "no package $VMLINUX_PACKAGE for arm64"
}

# A link that starts at / would lead out of the sysroot.
make_links_relative() {
  local link target
  find "$1" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    target=$(readlink "$link")
    ln -sfnr "$1$target" "$link"
  done
}

main() {
  (($# == 1)) || fail "usage: fetch-sysroot-arm64.sh DIR"
  local target=$1 command
  if [[ -f $target/.complete && $(<"$target/.complete") == "$(contents)" ]]; then
    return
  fi
  for command in apt-get apt-cache apt-config dpkg-deb; do
    command -v "$command" >/dev/null || fail "$command is missing"
  done
  mkdir -p "$(dirname "$target")"
  work=$(mktemp -d "$target.fetch-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  fetch "$work"
  make_links_relative "$work/root"
  contents >"$work/root/.complete"
  rm -rf "$target"
  mv "$work/root" "$target"
}

main "$@"
