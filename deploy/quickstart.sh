#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the build needs, builds the release and runs it in the foreground with the shipped
# configuration. Arguments are passed on to the exporter. Safe to run again.
#
# usage: sudo deploy/quickstart.sh [ARGUMENT...]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source deploy/packages.sh

if ((EUID != 0)); then
  echo "quickstart: eBPF needs root; run: sudo deploy/quickstart.sh" >&2
  exit 1
fi

install_packages "${BUILD_PACKAGES[@]}"

echo "== civetweb: fetching the source package into build/_sources, unless it is there"
deploy/fetch-civetweb.sh build/_sources

echo "== building the release into build/release"
cmake --preset release -DBUILD_TESTING=OFF >build/configure.log ||
  { cat build/configure.log; exit 1; }
cmake --build --preset release

# The last --web.listen-address is as good an example as the default.
address=127.0.0.1:10435
arguments=("$@")
for ((i = 0; i < ${#arguments[@]}; ++i)); do
  case ${arguments[i]} in
    --web.listen-address=*) address=${arguments[i]#*=} ;;
    --web.listen-address) address=${arguments[i + 1]:-$address} ;;
  esac
done

# Whoever called sudo may look, too. Users that are named here replace the default.
users=()
case ${SUDO_USER:-root} in
  root | prometheus) ;; # they may anyway
  *) users=(--web.local-user={root,prometheus,"$SUDO_USER"}) ;;
esac
if [[ " ${arguments[*]-}" == *" --web.local-user"* ]]; then
  users=()
fi

echo "== running the exporter with config/exporter.yml"
echo "   look:  curl http://$address/metrics"
echo "   stop:  Ctrl-C; nothing stays in the kernel"
exec build/release/exporter/app/pdtt-exporter --config.file=config/exporter.yml \
  "${users[@]}" "$@"
