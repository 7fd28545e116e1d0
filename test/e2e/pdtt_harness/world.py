# SPDX-License-Identifier: Apache-2.0
"""The stage of a test: users in a cgroup on one side, their peers on the other side."""

import atexit
import contextlib
import dataclasses
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import cgroup, netns, users
from .shell import TIME_FACTOR
from .users import TestUser

_DIRECTORY = "pdtt-e2e-"
_JOIN_CGROUP = 'echo 0 >"$0/cgroup.procs" && exec "$@"'


class World:
    """Two namespaces, `links` veth pairs, a cgroup and two users; close() removes all of it."""

    def __init__(self, links: int = 1) -> None:
        for module in (cgroup, netns, users):
            module.remove_leftovers()
        _remove_leftover_directories()
        self._stack = contextlib.ExitStack()
        self._processes: list[subprocess.Popen[Any]] = []
        atexit.register(self.close)
        try:
            self._build(links)
        except BaseException:
            self.close()
            raise

    def _build(self, links: int) -> None:
        self.directory = Path(self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix=f"{_DIRECTORY}{os.getpid()}-")))
        self.directory.chmod(0o755)
        self.cgroup = cgroup.TestCgroup()
        self._stack.callback(self.cgroup.remove)
        self.users: list[TestUser] = []
        self._stack.callback(self._remove_users)
        self.alice = self.create_user("alice")
        self.bob = self.create_user("bob")
        self.host = self._namespace("host")
        self.peer = self._namespace("peer")
        joined = [netns.connect(self.host, self.peer, index) for index in range(links)]
        self._stack.callback(self._end_processes)
        # The last multicast listener report comes after about a second.
        netns.wait_until_quiet(self.peer, quiet=1.5)
        self.links = [dataclasses.replace(link, counted_header=netns.counted_header(
            self.host, self.peer, link.device, link.host4, link.peer4)) for link in joined]

    def _namespace(self, side: str) -> netns.Namespace:
        made = netns.Namespace(side)
        self._stack.callback(made.remove)
        return made

    def create_user(self, role: str) -> TestUser:
        """One more account, removed with the world; `role` is without hyphens."""
        user = users.create_user(role, self.directory / "home")
        self.users.append(user)
        return user

    def _remove_users(self) -> None:
        for user in self.users:
            user.remove()

    def close(self) -> None:
        """Ends every process and removes everything; a second call does nothing."""
        atexit.unregister(self.close)
        self._stack.close()

    def as_user(self, user: TestUser | None, argv: Sequence[str],
                **options: Any) -> subprocess.Popen[Any]:
        """Starts a program on the users' side, inside the cgroup; None stands for root."""
        command = ["sh", "-c", _JOIN_CGROUP, str(self.cgroup.path),
                   "nsenter", f"--net={self.host.path}"]
        if user is not None:
            command += ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--init-groups",
                        "--pdeathsig", "KILL", "--"]
        return self.start(command + list(argv), **options)

    def as_peer(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Starts a program on the other side, outside of the cgroup."""
        return self.start(["nsenter", f"--net={self.peer.path}", *argv], **options)

    def start(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Starts a program that ends with the world at the latest."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *argv], **options)
        self._processes.append(process)
        return process

    def _end_processes(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


def _remove_leftover_directories() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_DIRECTORY}*"):
        match = re.match(r"(\d+)-", path.name.removeprefix(_DIRECTORY))
        if match and not Path("/proc", match[1]).exists():
            shutil.rmtree(path, ignore_errors=True)


def wait_for(condition: Callable[[], Any], what: str, timeout: float = 10.0) -> Any:
    """Polls until the condition holds and returns what it gave.

    `timeout` is for the machine itself and the ordinary build, as in finish().
    """
    timeout *= TIME_FACTOR
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout:g} s")
        time.sleep(0.05)


def finish(process: subprocess.Popen[Any], timeout: float = 120.0) -> Any:
    """Waits for a program that must succeed; returns its standard output."""
    out, err = process.communicate(timeout=timeout * TIME_FACTOR)
    if process.returncode != 0:
        raise AssertionError(f"{process.args!r}: exit {process.returncode}: {err or out}")
    return out


def stop(process: subprocess.Popen[Any]) -> None:
    """Ends a server that would run on."""
    process.terminate()
    try:
        process.communicate(timeout=10 * TIME_FACTOR)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
