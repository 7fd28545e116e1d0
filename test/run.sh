#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds everything, checks the style and runs every test, for each preset named (default: debug).
# As root it installs what is missing; without root or BPF the kernel tests are skipped.
#
# usage: test/run.sh [--no-tidy] [PRESET...]     presets: debug release asan tsan
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source deploy/packages.sh
PATH=$PATH:/usr/sbin:/sbin  # not everybody's search path has ip and bpftool

tidy=yes
presets=()
failures=()

parse_arguments() {
  local argument
  for argument in "$@"; do
    case $argument in
      --no-tidy) tidy=no ;;
      debug | release | asan | tsan) presets+=("$argument") ;;
      -h | --help)
        sed -n '3,6s/^# \?//p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
      *)
        echo "test/run.sh: unknown argument $argument; see --help" >&2
        exit 2
        ;;
    esac
  done
  ((${#presets[@]})) || presets=(debug)
}

# All that it says goes to a file, which is shown if it fails.
build() {
  local log=build/build-$1.log
  { cmake --preset "$1" -DBUILD_TESTING=ON && cmake --build --preset "$1"; } >"$log" 2>&1 ||
    { cat "$log"; return 1; }
}

check_format() {
  find exporter ebpf test \( -name '*.cpp' -o -name '*.h' -o -name '*.c' \) -print0 |
    xargs -0 clang-format --dry-run -Werror
}

check_tidy() {
  find exporter -name '*.cpp' -print0 |
    xargs -0 -P "$(nproc)" -n 1 clang-tidy -p "build/$1" --quiet 2>/dev/null
}

# The kernel's part has no compile commands, and is C.
check_cppcheck() {
  local flags=(--quiet --template=gcc --error-exitcode=1 "--enable=warning,performance,portability"
    --library=posix --library=test/cppcheck/macros.cfg
    --suppressions-list=test/cppcheck/suppressions.txt -j "$(nproc)")
  cppcheck "${flags[@]}" --project="build/$1/compile_commands.json" -i build &&
    cppcheck "${flags[@]}" --language=c -I ebpf -I ebpf/shared ebpf
}

# All that need not be done before the first preset is tested, since most tests leave a processor
# idle. Prints a line for each part that is done, with its name and its exit code; what the parts
# themselves say goes to stderr.
do_the_rest() {
  local first=$1 preset check
  shift
  for preset in "$@"; do
    build "$preset" >&2
    echo "$preset $?"
  done
  # Findings depend on the sources alone, so one preset is enough.
  for check in clang-tidy cppcheck; do
    [[ $tidy == yes ]] || break
    "check_${check#clang-}" "$first" >&2
    echo "$check $?"
  done
  run_ctest "$first" -L busy --output-junit "$PWD/build/tests-busy.xml" >&2
  echo "busy-tests $?"
}

run_ctest() {
  ctest --test-dir "build/$1" --output-on-failure "${@:2}"
}

# run_tests PRESET REPORT ARGUMENT...
run_tests() {
  run_ctest "$1" "${@:3}" --output-junit "$PWD/build/tests-$2.xml" || failures+=("tests of $1")
}

parse_arguments "$@"
mkdir -p build
rm -f build/tests-{alone,busy,vm}.xml
install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" "${ACCURACY_PACKAGES[@]}" \
  "${VM_PACKAGES[@]}" "${ARM64_PACKAGES[@]}"
echo "== civetweb: fetching the source package into build/_sources, unless it is there"
deploy/fetch-civetweb.sh build/_sources
test/accuracy/fetch-proftpd.sh build/_programs ||
  echo "== proftpd: not fetched, so its cases of the accuracy suite are skipped"

echo "== style: clang-format"
check_format || failures+=(clang-format)
echo "== ${presets[0]}: building into build/${presets[0]}"
build "${presets[0]}"
echo "== ${presets[0]}: testing what wants the machine for itself"
run_tests "${presets[0]}" alone -L alone
set -m # a process group of its own, to be ended as a whole
coproc REST { set +e; renice -n 19 "$BASHPID" >/dev/null; do_the_rest "${presets[@]}"; }
set +m
rest_pid=$!
exec {rest}<&"${REST[0]}" # what it said can still be read when it has ended
trap 'kill -- -"$rest_pid" 2>/dev/null || true' EXIT
reports=()
for preset in "${presets[@]}"; do
  if [[ $preset != "${presets[0]}" ]]; then
    echo "== $preset: waiting until it is built into build/$preset"
    read -r _ status <&"$rest" || status=1
    ((status == 0)) || { failures+=("build of $preset"); continue; }
  fi
  echo "== $preset: testing"
  # Two at a time, but of those that use the host's kernel only one.
  run_tests "$preset" "$preset" -LE 'alone|busy' -j 2 --no-tests=error
  reports+=("build/tests-$preset.xml")
done
echo "== waiting for the style checks and the tests that keep the processors busy"
while read -r part status; do
  ((status == 0)) || failures+=("$part")
done <&"$rest"

for report in build/tests-{alone,busy,vm}.xml; do
  [[ ! -e $report ]] || reports+=("$report")
done
python3 test/summary.py "${reports[@]}"
if ((${#failures[@]})); then
  printf 'failed: %s\n' "${failures[@]}"
  exit 1
fi
