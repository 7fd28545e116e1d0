#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what drives the browser into DIR, as package-lock.json pins it; what is downloaded is
# kept in CACHE. Does nothing if it is there already.
#
# usage: install.sh DIR CACHE
set -euo pipefail

readonly dir=$1 cache=$2
here=$(dirname "${BASH_SOURCE[0]}")

if cmp --quiet "$here/package-lock.json" "$dir/installed.json"; then
  exit 0
fi
mkdir -p "$dir"
cp "$here/package.json" "$here/package-lock.json" "$dir"
(cd "$dir" && npm ci --cache "$cache" --ignore-scripts --no-audit --no-fund --no-update-notifier \
  --fetch-retries 1 --fetch-retry-mintimeout 1000)
cp "$here/package-lock.json" "$dir/installed.json"
