# SPDX-License-Identifier: Apache-2.0
"""A cgroup of the tests' own, so that nothing but their traffic is counted."""

import os
import re
import signal
import time
from pathlib import Path

_NAME = "pdtt-test-{pid}"


def find_cgroup2() -> Path | None:
    """The mount point of the cgroup2 hierarchy, wherever this host has put it."""
    for line in Path("/proc/self/mounts").read_text(encoding="ascii").splitlines():
        _, mount_point, fs_type, *_ = line.split()
        if fs_type == "cgroup2":
            return Path(mount_point)
    return None


class TestCgroup:
    """A child of the cgroup2 root."""

    def __init__(self) -> None:
        root = find_cgroup2()
        if root is None:
            raise RuntimeError("no cgroup2 is mounted")
        self.path = root / _NAME.format(pid=os.getpid())
        self.path.mkdir()

    def remove(self) -> None:
        """Ends what still runs inside, then removes the cgroup."""
        _empty_and_remove(self.path)


def remove_leftovers() -> None:
    """Removes the cgroups of test runs that were killed."""
    root = find_cgroup2()
    if root is None:
        return
    for path in root.glob(_NAME.format(pid="*")):
        match = re.search(r"(\d+)$", path.name)
        if match and not Path("/proc", match[1]).exists():
            _empty_and_remove(path)


def _empty_and_remove(path: Path) -> None:
    """Also what a service manager has made inside."""
    deadline = time.monotonic() + 10
    while path.exists():
        for child in path.iterdir():
            if child.is_dir():
                _empty_and_remove(child)
        for pid in (path / "cgroup.procs").read_text(encoding="ascii").split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            path.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
