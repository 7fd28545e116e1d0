#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Moves known bytes as known users through real programs, and holds what the exporter counts against
# what the network interface counted. Builds the release unless PDTT_EXPORTER and PDTT_SOCKET_OWNER
# name the two programs. Cases whose programs are missing are skipped; all that it makes it removes.
#
# usage: sudo test/accuracy/run.sh [--install] [--list] [--write-docs] [CASE...]
#
#   --install     install the missing packages first, without starting their services
#   --list        name the cases, and why one can't run here
#   --write-docs  write docs/accuracy.md, if every case is right
#   CASE          run only the cases whose names contain this
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/packages.sh
PATH=$PATH:/usr/sbin:/sbin  # not everybody's search path has ip and bpftool

install=no
list=no
arguments=()

parse_arguments() {
  local argument
  for argument in "$@"; do
    case $argument in
      --install) install=yes ;;
      -h | --help)
        sed -n '3,12s/^# \?//p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
      *)
        [[ $argument != --list ]] || list=yes
        arguments+=("$argument")
        ;;
    esac
  done
}

install_all() {
  install_packages "${BUILD_PACKAGES[@]}" "${ACCURACY_PACKAGES[@]}"
  test/accuracy/fetch-proftpd.sh build/_programs ||
    echo "== proftpd: not fetched, so its cases are skipped"
}

name_missing_packages() {
  local missing
  mapfile -t missing < <(missing_packages "${ACCURACY_PACKAGES[@]}")
  if ((${#missing[@]})); then
    echo "== packages: without these some cases are skipped: ${missing[*]}"
    echo "   --install installs them; the table says which case needs what"
  fi
}

build() {
  mkdir -p build
  echo "== civetweb: fetching the source package into build/_sources, unless it is there"
  deploy/fetch-civetweb.sh build/_sources
  echo "== release: configuring and building into build/release"
  cmake --preset release -DBUILD_TESTING=ON >build/configure-release.log ||
    { cat build/configure-release.log; return 1; }
  cmake --build --preset release --target pdtt-exporter pdtt-socket-owner
}

parse_arguments "$@"
if [[ $install == yes ]]; then
  install_all
elif [[ $list == no ]]; then
  name_missing_packages
fi
if [[ $list == no && (-z ${PDTT_EXPORTER:-} || -z ${PDTT_SOCKET_OWNER:-}) ]]; then
  build
fi
export PDTT_EXPORTER=${PDTT_EXPORTER:-$PWD/build/release/exporter/app/pdtt-exporter}
export PDTT_SOCKET_OWNER=${PDTT_SOCKET_OWNER:-$PWD/build/release/test/accuracy/pdtt-socket-owner}
export PYTHONPATH=$PWD/test/accuracy:$PWD/test/e2e PYTHONDONTWRITEBYTECODE=1
exec python3 -m pdtt_accuracy.suite "${arguments[@]}"
