#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boots Debian's kernels (5.10, 6.1, 6.12, sid) in virtual machines that see this machine's files
# without being able to change them, runs the tests in them, and prints what each kernel can do.
# Kernels are fetched with apt into build/_kernels, once. A kernel that can't be had is skipped.
#
# usage: sudo test/vm/run.sh [--kernel NAME]... [--preset debug|release] [--ci|--full|--essential]
#                            [--write-docs] [--command COMMAND] [SUITE...]
#
#   --install      install the missing packages first
#   --kernel NAME  only this kernel
#   --ci           what each change has to pass; --full and --essential are its parts
#   --write-docs   write docs/kernels.md
#   --command ...  run this shell command in the guest instead, and show what it prints
#   SUITE          only start, kernel, e2e or accuracy, or tests whose names contain this
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/packages.sh
PATH=$PATH:/usr/sbin:/sbin  # not everybody's search path has modprobe

arguments=()
for argument in "$@"; do
  case $argument in
    --install) install_packages "${VM_PACKAGES[@]}" ;;
    -h | --help)
      sed -n '3,16s/^# \?//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *) arguments+=("$argument") ;;
  esac
done
export PYTHONPATH=$PWD/test/vm PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m pdtt_vm.run "${arguments[@]}"
