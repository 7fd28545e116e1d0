#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Passes if the dashboards fit the types that Grafana publishes for them.
#
# usage: check_types.sh FOLDER     where the types are downloaded to, and may stay
set -euo pipefail

folder=$1
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
dashboards=$here/../../grafana/dashboards

"$here/../install_npm.sh" "$here/schema" "$folder"
cd "$folder"

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
