# SPDX-License-Identifier: Apache-2.0
"""What the tests of connections share: processes of users, their peers, identities."""

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

from . import netns
from .case import KernelTest
from .exporter import Exporter
from .scrape import Scrape
from .shell import TIME_FACTOR
from .sockets import SocketShell, peer_socket
from .users import TestUser

LINGER = 2.0
SETTINGS = f"connections: {{export: 100, linger: {LINGER:g}s}}\n"
IDENTITY = {"uid", "user", "protocol", "local_address", "local_port", "remote_address",
            "remote_port", "network"}
COUNTERS = [f"pdtt_connection_{direction}_{what}_total"
            for direction in ("receive", "transmit") for what in ("bytes", "packets")]


def of_user(user: TestUser) -> dict[str, str]:
    """The labels of a user."""
    return {"uid": str(user.uid), "user": user.name}


class ConnectionTest(KernelTest):
    """What the tests of connections share."""

    PROGRAMS: ClassVar[tuple[str, ...]] = ("ping",)

    def setUp(self) -> None:
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.link = self.world.links[0]

    def shell(self, user: TestUser | None) -> SocketShell:
        """A process of the user that ends with the test."""
        return self.stack.enter_context(SocketShell(self.world, user))

    def tcp_peer(self, family: int = 4) -> tuple[Any, int]:
        """A listener on the peers' side and its port."""
        listener = self.stack.enter_context(
            peer_socket(self.world, self.link.peer(family), 0, "tcp"))
        return listener, listener.getsockname()[1]

    def accepted(self, listener: Any) -> Any:
        """The next connection of the listener."""
        return self.stack.enter_context(listener.accept()[0])

    @contextlib.contextmanager
    def losing(self) -> Iterator[None]:
        """The peer gets nothing meanwhile of what is sent to it over IPv4."""
        fields = self.world.host.ip("neigh", "show", self.link.peer4).split()
        self._set_neighbour("02:00:00:00:00:01")  # the peer ignores what is not for it
        try:
            yield
        finally:
            self._set_neighbour(fields[fields.index("lladdr") + 1])

    def _set_neighbour(self, mac: str) -> None:
        self.world.host.ip("neigh", "replace", self.link.peer4, "lladdr", mac, "dev",
                           self.link.device, "nud", "permanent")

    def fresh(self, exporter: Exporter) -> Scrape:
        """A scrape that includes everything sent so far."""
        # Where processors are emulated, a stack may pause for longer than on any real host.
        netns.wait_until_quiet(self.world.peer, quiet=max(0.2, 0.05 * TIME_FACTOR))
        return exporter.scrape_fresh()

    def check_counters_equal_users(self, before: Scrape, after: Scrape, user: TestUser,
                                   identity: dict[str, str]) -> None:
        """The user's only connection has exactly the traffic of the user."""
        for metric in COUNTERS:
            total = metric.replace("connection", "user")
            wanted = {"uid": str(user.uid), "protocol": identity["protocol"]}
            self.assertEqual(after.value(metric, **identity),
                             after.gained(before, total, **wanted), metric)
            for labels, _ in after.series(metric):
                self.assertEqual(set(labels), IDENTITY)
