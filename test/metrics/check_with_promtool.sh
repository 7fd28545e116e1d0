#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Passes if promtool accepts the page that the given program prints and says nothing about it.
set -eu

if ! command -v promtool >/dev/null; then
  echo "skipped: promtool is not installed (Debian package prometheus)"
  exit 77
fi

page=$(mktemp)
trap 'rm -f "$page"' EXIT
"$1" >"$page"

status=0
complaints=$(promtool check metrics <"$page" 2>&1) || status=$?
if [ "$status" -ne 0 ] || [ -n "$complaints" ]; then
  printf 'promtool check metrics: status %s\n%s\n' "$status" "$complaints"
  exit 1
fi
