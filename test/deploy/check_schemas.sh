#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Passes if the compose files and the Kubernetes objects fit the schemas that are published for them.
#
# usage: check_schemas.sh FOLDER     where the schemas are downloaded to, and may stay
set -euo pipefail

folder=$1
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
deploy=$here/../../deploy

for program in npm node python3; do
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
    echo "skipped: npm could not fetch the schemas"
    exit 77
  fi
  cp package-lock.json node_modules/.installed
fi

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
