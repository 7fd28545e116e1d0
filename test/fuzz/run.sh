#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzz targets with clang into build/fuzz and runs each for some seconds (default: 5). A
# finding ends the run; its input is in build/fuzz/findings. What a run learns is kept in
# build/fuzz/learnt, beside the seeds in test/fuzz/corpus. Exit code 77: no clang that can do it.
#
# usage: test/fuzz/run.sh [SECONDS] [TARGET...]     targets: the folders of test/fuzz/corpus
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly MEGABYTES=1024
readonly LONGEST_INPUT=16384

run_target() {
  local seconds=$1 target=$2 learnt=build/fuzz/learnt/$2 dictionary=test/fuzz/$2.dict
  local flags=()
  mkdir -p "$learnt" build/fuzz/findings
  if [[ -e $dictionary ]]; then
    flags+=("-dict=$dictionary")
  fi
  echo "== $target: $seconds s"
  if ! build/fuzz/test/fuzz/fuzz_"$target" "${flags[@]}" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb="$MEGABYTES" -max_len="$LONGEST_INPUT" -print_final_stats=1 \
    -artifact_prefix="build/fuzz/findings/$target-" "$learnt" "test/fuzz/corpus/$target" \
    >"build/fuzz/$target.log" 2>&1; then
    tail -n 60 "build/fuzz/$target.log"
    return 1
  fi
  sed -n 's/^stat::number_of_executed_units: */   inputs: /p' "build/fuzz/$target.log"
}

can_fuzz() {
  echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
    clang++ -x c++ -fsanitize=fuzzer,address,undefined - -o /dev/null 2>/dev/null
}

main() {
  local seconds=5 target targets=() failed=0
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
  elif [[ ${1:-} == -* ]]; then
    sed -n '3,7s/^# \?//p' "${BASH_SOURCE[0]}"
    exit 0
  fi
  if ! can_fuzz; then
    echo "fuzz: needs clang and its libFuzzer (clang, libclang-rt-14-dev)"
    exit 77
  fi
  mapfile -t targets < <(ls test/fuzz/corpus)
  if (($# > 0)); then
    targets=("$@")
  fi
  mkdir -p build
  cmake --preset fuzz >build/configure-fuzz.log || { cat build/configure-fuzz.log; exit 1; }
  cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"
  for target in "${targets[@]}"; do
    run_target "$seconds" "$target" || failed=1
  done
  exit "$failed"
}

main "$@"
