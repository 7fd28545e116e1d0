#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetches the distribution's civetweb source package into DIR, verified by apt's signatures, and
# prints the unpacked folder as its last line. Does nothing if an intact copy is there already.
#
# usage: fetch-civetweb.sh DIR
set -euo pipefail

# shellcheck source=deploy/apt-private.sh
source "$(dirname "${BASH_SOURCE[0]}")/apt-private.sh"

fail() {
  echo "fetch-civetweb: $*" >&2
  exit 1
}

# Prints the unpacked folder if it still holds exactly what was unpacked.
intact_source() {
  local manifest
  for manifest in "$1"/civetweb-*.sha256; do
    if [[ -f $manifest ]] && (cd "$1" && sha256sum --check --status "${manifest##*/}"); then
      echo "${manifest%.sha256}"
      return 0
    fi
  done
  return 1
}

fetch() {
  local work=$1
  mkdir "$work/unpacked"
  apt_private_open "$work/apt" "$(apt_private_release)" deb-src || fail "the source can't be had"
  (cd "$work/unpacked" && apt_private "$work/apt" source --only-source civetweb) \
    >"$work/log" 2>&1 ||
    fail "apt-get source failed: $(grep -m1 '^E:' "$work/log" || tail -n1 "$work/log")"
}

install_source() {
  local work=$1 target=$2 source name
  source=$(find "$work/unpacked" -mindepth 1 -maxdepth 1 -type d -name 'civetweb-*' -print -quit)
  [[ -f $source/src/civetweb.c ]] || fail "the source package holds no src/civetweb.c"
  name=${source##*/}
  (cd "$work/unpacked" && find "$name" -type f -print0 | sort -z | xargs -0 sha256sum) \
    >"$work/$name.sha256"
  rm -rf "$target"/civetweb-*
  mv "$source" "$target/"
  mv "$work/$name.sha256" "$target/"
}

main() {
  (($# == 1)) || fail "usage: fetch-civetweb.sh DIR"
  mkdir -p "$1" || fail "cannot create $1"
  local target command
  target=$(cd "$1" && pwd)
  intact_source "$target" && return

  for command in apt-get apt-config dpkg-source; do
    command -v "$command" >/dev/null || fail "$command is missing; install apt and dpkg-dev"
  done

  work=$(mktemp -d "$target/.fetch-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  fetch "$work"
  install_source "$work" "$target"
  intact_source "$target" || fail "the unpacked source does not match its checksums"
}

main "$@"
