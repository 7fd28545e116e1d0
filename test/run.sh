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

build() {
  echo "== $1: configuring and building into build/$1"
  cmake --preset "$1" -DBUILD_TESTING=ON >"build/configure-$1.log" ||
    { cat "build/configure-$1.log"; return 1; }
  cmake --build --preset "$1"
}

check_format() {
  echo "== style: clang-format"
  find exporter ebpf test \( -name '*.cpp' -o -name '*.h' -o -name '*.c' \) -print0 |
    xargs -0 clang-format --dry-run -Werror || failures+=(clang-format)
}

# Findings depend on the sources alone, so one preset is enough.
check_tidy() {
  echo "== style: clang-tidy"
  find exporter -name '*.cpp' -print0 |
    xargs -0 -P "$(nproc)" -n 1 clang-tidy -p "build/$1" --quiet 2>/dev/null ||
    failures+=(clang-tidy)
}

# The kernel's part has no compile commands, and is C.
check_cppcheck() {
  echo "== style: cppcheck"
  local flags=(--quiet --template=gcc --error-exitcode=1 "--enable=warning,performance,portability"
    --library=posix --library=test/cppcheck/macros.cfg
    --suppressions-list=test/cppcheck/suppressions.txt -j "$(nproc)")
  cppcheck "${flags[@]}" --project="build/$1/compile_commands.json" -i build ||
    failures+=(cppcheck)
  cppcheck "${flags[@]}" --language=c -I ebpf -I ebpf/shared ebpf || failures+=("cppcheck of ebpf")
}

run_tests() {
  echo "== $1: testing"
  ctest --test-dir "build/$1" --output-on-failure --no-tests=error \
    --output-junit "$PWD/build/tests-$1.xml" || failures+=("tests of $1")
}

parse_arguments "$@"
mkdir -p build
rm -f build/tests-vm.xml
install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" "${ACCURACY_PACKAGES[@]}" \
  "${VM_PACKAGES[@]}" "${ARM64_PACKAGES[@]}"
echo "== civetweb: fetching the source package into build/_sources, unless it is there"
deploy/fetch-civetweb.sh build/_sources
test/accuracy/fetch-proftpd.sh build/_programs ||
  echo "== proftpd: not fetched, so its cases of the accuracy suite are skipped"

check_format
reports=()
for preset in "${presets[@]}"; do
  build "$preset"
  if [[ $tidy == yes ]]; then
    check_tidy "$preset"
    check_cppcheck "$preset"
    tidy=no
  fi
  run_tests "$preset"
  reports+=("build/tests-$preset.xml")
done

[[ ! -e build/tests-vm.xml ]] || reports+=(build/tests-vm.xml)
python3 test/summary.py "${reports[@]}"
if ((${#failures[@]})); then
  printf 'failed: %s\n' "${failures[@]}"
  exit 1
fi
