#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetches the distribution's proftpd into DIR/proftpd, with the libraries that are not installed.
# It can't be installed: its package conflicts with vsftpd's. apt verifies what it fetches by its
# signatures. Does nothing if an intact copy is there already.
#
# usage: fetch-proftpd.sh DIR
set -euo pipefail

fail() {
  echo "fetch-proftpd: $*" >&2
  exit 1
}

intact() {
  [[ -f $1/sha256 ]] && (cd "$1" && sha256sum --check --status sha256)
}

# The libraries that a package depends on and that are not installed.
missing_libraries() {
  apt-cache depends --important "$1" | sed -n 's/^ *Depends: \(lib[^<>]*\)$/\1/p' |
    while read -r library; do
      [[ $(dpkg-query -W -f '${db:Status-Status}' "$library" 2>/dev/null) == installed ]] ||
        echo "$library"
    done
}

fetch() {
  local work=$1 package deb
  if compgen -G "$work/$2_*.deb" >/dev/null; then
    return
  fi
  # apt's download user can't enter a private temporary folder and would warn about it.
  (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$2") ||
    fail "apt-get download $2 failed; are apt's lists up to date (apt-get update)?"
  for deb in "$work/$2"_*.deb; do
    dpkg-deb -x "$deb" "$work/unpacked"
  done
  for package in $(missing_libraries "$2"); do
    fetch "$work" "$package"
  done
}

# Only what is run: the program and the libraries, in one folder each.
install_program() {
  local work=$1 target=$2 unresolved
  mkdir "$work/proftpd" "$work/proftpd/lib"
  cp "$work/unpacked/usr/sbin/proftpd" "$work/proftpd/"
  find "$work/unpacked" -name 'lib*.so.*' -exec cp -P {} "$work/proftpd/lib/" \;
  unresolved=$(LD_LIBRARY_PATH=$work/proftpd/lib ldd "$work/proftpd/proftpd" |
    sed -n 's/ => not found$//p')
  [[ -z $unresolved ]] || fail "libraries are missing:" "${unresolved//[[:space:]]/ }"
  (cd "$work/proftpd" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$work/sha256"
  mv "$work/sha256" "$work/proftpd/"
  rm -rf "$target/proftpd"
  mv "$work/proftpd" "$target/"
}

main() {
  (($# == 1)) || fail "usage: fetch-proftpd.sh DIR"
  mkdir -p "$1" || fail "cannot create $1"
  local target command
  target=$(cd "$1" && pwd)
  if intact "$target/proftpd"; then
    return
  fi
  for command in apt-get apt-cache dpkg-deb ldd; do
    command -v "$command" >/dev/null || fail "$command is missing"
  done
  work=$(mktemp -d "$target/.fetch-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  fetch "$work" proftpd-core
  install_program "$work" "$target"
  intact "$target/proftpd" || fail "the unpacked program does not match its checksums"
}

main "$@"
