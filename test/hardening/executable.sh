#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What an attacker of the executable is up against, read from the file itself.
#
# usage: test/hardening/executable.sh EXECUTABLE [--fortified]
set -euo pipefail

executable=$1
fortified=${2:-}
failures=0

# has NAME PATTERN TEXT, has_no NAME PATTERN TEXT
has() {
  if grep -Eq -- "$2" <<<"$3"; then
    echo "ok: $1"
  else
    echo "MISSING: $1"
    failures=$((failures + 1))
  fi
}

has_no() {
  if grep -E -- "$2" <<<"$3"; then
    echo "FOUND: $1"
    failures=$((failures + 1))
  else
    echo "ok: no $1"
  fi
}

dynamic=$(readelf --dynamic --wide "$executable")
segments=$(readelf --program-headers --wide "$executable")
symbols=$(readelf --dyn-syms --wide "$executable")

has 'position-independent executable' 'FLAGS_1.*\bPIE\b' "$dynamic"
has 'read-only relocations' '\bGNU_RELRO\b' "$segments"
has 'functions bound at start, so that those are all' '\bBIND_NOW\b|FLAGS_1.*\bNOW\b' "$dynamic"
has 'a stack segment that says so' '\bGNU_STACK\b' "$segments"
has_no 'executable stack' '\bGNU_STACK\b.* RWE ' "$segments"
has_no 'memory both writable and executable' '\bLOAD\b.* RWE ' "$segments"
has_no 'relocations in code' '\bTEXTREL\b' "$dynamic"
has_no 'search path for libraries' '\b(RPATH|RUNPATH)\b' "$dynamic"
has 'stack protector' '__stack_chk_fail\b' "$symbols"
if [[ $fortified == --fortified ]]; then
  has 'checked functions of the C library' '__[a-z]+_chk\b' "$(grep -v stack_chk <<<"$symbols")"
fi
((failures == 0))
