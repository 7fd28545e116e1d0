#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What only a release build has: configures one beside the build under test, and compiles of it the
# part that strangers talk to first.
#
# usage: test/hardening/release.sh SOURCE BUILD
set -euo pipefail

source=$1
build=$2

cmake -G Ninja -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF \
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >"$build.log" || { cat "$build.log"; exit 1; }

flags=(-fPIE -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2)
[[ $(uname -m) != x86_64 ]] || flags+=(-fcf-protection=full)
failures=0
files=0
while IFS= read -r command; do
  files=$((files + 1))
  for flag in "${flags[@]}"; do
    if [[ " $command " != *" $flag "* ]]; then
      echo "MISSING: $flag in $command"
      failures=$((failures + 1))
    fi
  done
done < <(sed -n 's/^ *"command": "\(.*\)",$/\1/p' "$build/compile_commands.json")
echo "$files files are compiled with ${flags[*]}"
((files > 50 && failures == 0))

if grep -q '/src/civetweb.c"' "$build/compile_commands.json"; then
  cmake --build "$build" --target pdtt_civetweb >"$build.log" || { cat "$build.log"; exit 1; }
  library=$(find "$build" -name 'libpdtt_civetweb.a')
  nm --undefined-only "$library" | grep -Ev '__stack_chk' | grep -E '__[a-z]+_chk$' | sort -u
  if [[ $(uname -m) == x86_64 ]]; then
    readelf --notes "$library" | grep -E 'IBT.*SHSTK'
  fi
fi
