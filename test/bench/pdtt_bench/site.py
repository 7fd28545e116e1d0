# SPDX-License-Identifier: Apache-2.0
"""A large site on the test's stage: thousands of users and of connections, real sockets all."""

import shutil
import subprocess
from typing import Any

from pdtt_harness.netns import Link
from pdtt_harness.shell import CommandError
from pdtt_harness.world import World, finish, stop

from .row import Options

FIRST_UID = 2_000_000_000  # of the many users: above every account, and the sub-uids of accounts
DATAGRAM_BYTES = 20 + 8 + 100  # what each user sends to each network, with its headers
NETWORKS = ("loopback", "private", "internet")
_PORT = 9000
_PORTS = 4  # each has a process on both sides, whose descriptors are limited
_BUSY_PORTS = 16  # so many wait for each other that no processor falls asleep
_INTERNET = "203.0.113"  # the addresses for documentation: the peer drops what is sent there


class Site:
    """Sockets for the exporter to count."""

    def __init__(self, world: World, options: Options) -> None:
        self._world = world
        self.link: Link = world.links[0]
        # Where the users can read it.
        self._program = str(world.directory / "pdtt_bench_sockets")
        shutil.copy(options.programs / "pdtt_bench_sockets", self._program)
        world.host.ip("route", "add", f"{_INTERNET}.0/24", "via", self.link.peer4)

    def add_users(self, first: int, count: int) -> None:
        """`count` more users each send a datagram to each network."""
        finish(self._world.as_user(None, [
            self._program, "users", str(FIRST_UID + first), str(count), str(_PORT),
            "127.0.0.1", self.link.peer4, f"{_INTERNET}.1"], text=True))

    def hold(self, count: int) -> "Held":
        """`count` connections from alice to the peer, outside of what is watched."""
        each = str(count // _PORTS)
        server = self._started(self._world.as_peer(
            [self._program, "accept", str(_PORT), str(_PORTS), each], text=True), "listening")
        client = self._started(self._world.as_user(self._world.alice, [
            self._program, "connect", self.link.peer4, str(_PORT), str(_PORTS), each],
            text=True), "held")
        return Held(server, client)

    def churn(self, rate: int, count: int) -> float:
        """`count` short connections of bob, `rate` each second; how many seconds it took."""
        server = self._started(self._world.as_peer(
            [self._program, "answer", str(_PORT), str(_BUSY_PORTS)], text=True), "listening")
        try:
            return float(finish(self._world.as_user(self._world.bob, [
                self._program, "churn", self.link.peer4, str(_PORT), str(_BUSY_PORTS), str(rate),
                str(count)], text=True)))
        finally:
            stop(server)

    @staticmethod
    def _started(process: Any, word: str) -> Any:
        """The process, once it has said so."""
        if process.stdout.readline().strip() != word:
            raise CommandError(f"{process.args!r}: {process.communicate()[1]}")
        return process


class Held:
    """Live connections; they close at the end of the block."""

    def __init__(self, server: subprocess.Popen[str], client: subprocess.Popen[str]) -> None:
        self._processes = (client, server)

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            stop(process)
