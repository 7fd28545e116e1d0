#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Passes if the dashboards fit the types that Grafana publishes for them.
#
# usage: check_types.sh FOLDER     where the types are downloaded to, and may stay
set -euo pipefail

folder=$1
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
dashboards=$here/../../grafana/dashboards

for program in npm node; do
  if ! command -v "$program" >/dev/null; then
    echo "skipped: $program is not installed"
    exit 77
  fi
done

# The same packages are not fetched twice; what is fetched has to have the recorded hash.
mkdir -p "$folder"
cp "$here"/schema/* "$folder"
cd "$folder"
if ! cmp -s package-lock.json node_modules/.installed; then
  if ! npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1; then
    cat npm.log
    if grep -q EINTEGRITY npm.log; then
      echo "a package is not the one that package-lock.json names"
      exit 1
    fi
    echo "skipped: npm could not fetch the types"
    exit 77
  fi
  cp package-lock.json node_modules/.installed
fi

rm -f checked_*.ts
for dashboard in "$dashboards"/*.json; do
  {
    echo "import type { Dashboard } from './dashboard.js';"
    echo "export const dashboard: Dashboard ="
    cat "$dashboard"
  } >"checked_$(basename "$dashboard" .json).ts"
done
# The compiler's own module is what makes this independent of how npm links programs.
node node_modules/typescript/lib/tsc.js --project .
echo "$(find . -maxdepth 1 -name 'checked_*.ts' | wc -l) dashboards fit"
