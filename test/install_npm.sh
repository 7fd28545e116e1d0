#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs into DIR what FROM/package-lock.json pins, together with the other files of FROM. What is
# there already is not fetched again; what is fetched has to have the recorded hash.
# Exit code: 0 it is there, 1 a package is another one, 77 it could not be had, with the reason.
#
# usage: install_npm.sh FROM DIR
set -euo pipefail

readonly from=$1 dir=$2

for program in npm node; do
  if ! command -v "$program" >/dev/null; then
    echo "skipped: $program is not installed"
    exit 77
  fi
done

mkdir -p "$dir"
find "$from" -maxdepth 1 -type f -exec cp -t "$dir" {} +
cd "$dir"
if cmp --quiet package-lock.json installed.json; then
  exit 0
fi
if ! npm ci --cache "$PWD/npm-cache" --ignore-scripts --no-audit --no-fund --no-update-notifier \
  --fetch-retries 1 --fetch-retry-mintimeout 1000 >npm.log 2>&1; then
  if grep -q EINTEGRITY npm.log; then
    cat npm.log
    echo "a package is not the one that $from/package-lock.json names"
    exit 1
  fi
  echo "skipped: npm could not fetch what $from/package-lock.json names: $(head -n 1 npm.log)"
  exit 77
fi
cp package-lock.json installed.json
