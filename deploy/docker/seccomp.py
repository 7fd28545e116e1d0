#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the seccomp profile of the container: the system calls that the systemd unit allows.

usage: seccomp.py >seccomp.json     needs systemd-analyze of the release that the image is made of
"""

import json
import re
import subprocess
import sys
from pathlib import Path

UNIT = Path(__file__).resolve().parents[1] / "systemd" / "pdtt-exporter.service.in"


def expand(name: str) -> set[str]:
    """The system calls of a group such as @process, groups in it included; a name is itself."""
    if not name.startswith("@"):
        return {name}
    lines = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True,
                           capture_output=True, text=True).stdout.split("\n")[1:]
    members = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return set().union(*map(expand, members))


def allowed(unit: str) -> set[str]:
    """What the lines of SystemCallFilter leave, taken in order as systemd does."""
    calls: set[str] = set()
    for taken, names in re.findall(r"(?m)^SystemCallFilter=(~?)(.*)$", unit):
        group = set().union(*map(expand, names.split()))
        calls = calls - group if taken else calls | group
    return calls - ({"setns", "unshare"} if "RestrictNamespaces=yes" in unit else set())


def profile(unit: str) -> str:
    """In the format of container engines; of the machine's own architecture only."""
    return json.dumps({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "syscalls": [{"names": sorted(allowed(unit)), "action": "SCMP_ACT_ALLOW"}],
    }, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(profile(UNIT.read_text(encoding="utf-8")))
