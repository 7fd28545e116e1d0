#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes a minimal Debian of the release that runs here in DIR, for the package to be installed in:
# from the mirrors that apt is configured with here, verified by the same keys. It has systemd, what
# the test runs in it, and package lists; of what PACKAGE.deb depends on it has the archives alone,
# so that apt finds them without a network. Fetches only what is missing.
#
# usage: fetch-root.sh DIR PACKAGE.deb
set -euo pipefail

# shellcheck source=deploy/apt-private.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/apt-private.sh"

# Beside what a minimal Debian has: the exporter itself depends on none of these.
readonly INCLUDE=bpftool,logrotate,netcat-openbsd,systemd
readonly UNVERSIONED='s/ *([^)]*)//g; s/, */ /g'

fail() {
  echo "fetch-root: $*" >&2
  exit 1
}

# field FILE NAME
field() {
  sed -n "s/^$2: *//p" "$1"
}

# Of the entries that apt-private.sh derives, the one that debootstrap begins with.
main_entry() {
  grep -lx "Suites: $2/\?" "$1"/sources/*.sources | head -n1
}

make_root() {
  local work=$1 release entry keyring
  release=$(apt_private_release)
  apt_private_open "$work/apt" "$release" deb || fail "no packages of $release"
  entry=$(main_entry "$work/apt" "$release")
  [[ -n $entry ]] || fail "apt has no entry for $release itself"
  keyring=$(field "$entry" Signed-By)
  debootstrap --variant=minbase --include="$INCLUDE" ${keyring:+--keyring="$keyring"} \
    "$release" "$work/root" "$(field "$entry" URIs)" >"$work/log" 2>&1 ||
    fail "debootstrap failed: $(tail -n3 "$work/log")"
  rm -f "$work"/root/etc/apt/sources.list
  cp "$work"/apt/sources/*.sources "$work/root/etc/apt/sources.list.d/"
  if [[ -n $keyring ]]; then
    install -D -m 644 "$keyring" "$work/root$keyring"
  fi
}

in_root() {
  local root=$1
  shift
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} "$@"
}

# A network's name service is that of the host, while it is needed.
fetch_dependencies() {
  local root=$1 depends
  read -ra depends < <(dpkg-deb --field "$2" Depends | sed "$UNVERSIONED")
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  in_root "$root" apt-get -qq update
  in_root "$root" apt-get -qq --yes --no-install-recommends --download-only install "${depends[@]}"
  echo "${depends[*]}" >"$root.complete"
}

is_complete() {
  [[ -f $1.complete && $(<"$1.complete") == $(dpkg-deb --field "$2" Depends | sed "$UNVERSIONED") ]]
}

main() {
  (($# == 2)) || fail "usage: fetch-root.sh DIR PACKAGE.deb"
  local target=$1 command
  if is_complete "$target" "$2"; then
    return
  fi
  for command in apt-get apt-config debootstrap dpkg-deb; do
    command -v "$command" >/dev/null || fail "$command is missing"
  done
  mkdir -p "$(dirname "$target")"
  if [[ ! -d $target ]]; then
    work=$(mktemp -d "$target.fetch-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    make_root "$work"
    mv "$work/root" "$target"
  fi
  fetch_dependencies "$target" "$2"
}

main "$@"
