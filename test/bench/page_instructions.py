#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions that rendering a page takes: the same on every machine, however busy.

usage: page_instructions.py PDTT_BENCH_PAGE MOST

Fails if a series takes more than MOST, or if twice the users take more than twice as many.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_SKIPPED = 77
_USERS = (50, 100, 200)
_LINEAR = 1.1


def instructions(program: str, users: int, way: str, directory: str) -> tuple[int, int]:
    """How many series the page has, and the instructions of rendering it."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--toggle-collect=*::Render(*",
         f"--callgrind-out-file={Path(directory, 'callgrind.out')}", program, str(users), "0", "1",
         way], capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if not found or int(found[1]) == 0:
        sys.exit(f"nothing was counted: {done.stderr}")
    return json.loads(done.stdout)["series"], int(found[1])


def check(program: str, most: float, way: str) -> None:
    """What comes once for each page is left out: differences are looked at."""
    with tempfile.TemporaryDirectory() as directory:
        counts = [instructions(program, users, way, directory) for users in _USERS]
    (small, cost), (middle, more), (large, most_of_all) = counts
    first = (more - cost) / (middle - small)
    second = (most_of_all - more) / (large - middle)
    print(f"{way}: {second:.0f} instructions a series, {most:.0f} at most")
    if second > most:
        sys.exit(f"{way}: a series takes {second:.0f} instructions, more than {most:.0f}")
    if second > _LINEAR * first:
        sys.exit(f"{way}: a series takes {second:.0f} instructions on a page of {large} and "
                 f"{first:.0f} on one of {middle}")


def main() -> None:
    """Both formats; what compression takes is not ours."""
    program, most = sys.argv[1], float(sys.argv[2])
    if not shutil.which("valgrind"):
        print("skipped: needs valgrind")
        sys.exit(_SKIPPED)
    for way in ("text", "openmetrics"):
        check(program, most, way)


if __name__ == "__main__":
    main()
