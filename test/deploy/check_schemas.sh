#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Passes if the compose files and the Kubernetes objects fit the schemas that are published for them.
#
# usage: check_schemas.sh FOLDER     where the schemas are downloaded to, and may stay
set -euo pipefail

folder=$1
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
deploy=$here/../../deploy

if ! command -v python3 >/dev/null; then
  echo "skipped: python3 is not installed"
  exit 77
fi
"$here/../install_npm.sh" "$here/schema" "$folder"
cd "$folder"

rm -f object_*
for file in "$deploy"/docker/{compose,persist}.yml; do
  python3 "$here/objects.py" --json "$file" | node compose.mjs
done
{
  for file in "$deploy"/kubernetes/*.yaml; do
    [[ $file == */kustomization.yaml ]] && continue # kustomize's own
    echo "---"
    cat "$file"
  done
  "$deploy"/kubernetes/prometheus-rules.sh "release: monitoring"
} | python3 "$here/objects.py" --typescript .

# The compiler refuses keys that the types do not have; what it made asks for values and formats.
node node_modules/typescript/lib/tsc.js --project .
for object in object_*.js; do
  node "$object"
done
echo "2 compose files and $(find . -name 'object_*.js' | wc -l) objects fit"
