#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs a test with Node.js, and has it read every script of the page's FOLDER. Without Node.js it
# is skipped.
#
# usage: run_node.sh TEST FOLDER
set -euo pipefail

command -v node >/dev/null || { echo "skipped: needs node"; exit 77; }

for script in "$2"/*.js; do
  node --input-type=module --check <"$script" || { echo "$script is no module"; exit 1; }
done
exec node "$1"
