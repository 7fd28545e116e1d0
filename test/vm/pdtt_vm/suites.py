# SPDX-License-Identifier: Apache-2.0
"""What is run on each kernel: one table, from which guests take it and docs/kernels.md is written.

Emulation is ten to twenty times slower than the machine itself. So each change has to pass what a
kernel decides; what all kernels do alike is run by hand, on request.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


class Extent(enum.IntEnum):
    """How much is run."""

    ESSENTIAL = 0  # doctor, the verifier, starting and stopping with each way of the socket layer
    WAYS = 1  # what those ways count that the machine's own kernel may not have
    FULL = 2  # what a kernel decides
    EXTRA = 3  # the rest


@dataclass(frozen=True)
class Item:
    """Something that is run by itself, in a process of its own, and has one result or several."""

    suite: str
    name: str
    seconds: int = 900  # then it is ended, and has failed
    extent: Extent = Extent.FULL
    shrink: Mapping[str, int] = field(default_factory=dict)  # constants of the test's module

    def as_json(self) -> dict[str, Any]:
        """For the guest."""
        return asdict(self)


_LESS = {"SIZE": 8_000_000}  # bytes that each user moves in a test

# Exporters are started with each way of the socket layer that the kernel has.
START = [Item("start", "exporter", extent=Extent.ESSENTIAL)]

END_TO_END = [
    Item("e2e", "test_traffic.TcpTraffic", shrink=_LESS),
    Item("e2e", "test_traffic.UdpTraffic", extent=Extent.EXTRA, shrink=_LESS),
    Item("e2e", "test_connections.Life"),
    Item("e2e", "test_connections.Udp", extent=Extent.EXTRA),
    Item("e2e", "test_connections.Kinds", extent=Extent.EXTRA),
    Item("e2e", "test_ownership.Ownership", extent=Extent.EXTRA),
    Item("e2e", "test_ownership.WholeHost", extent=Extent.EXTRA),
    Item("e2e", "test_attribution.Handover", extent=Extent.EXTRA),
    Item("e2e", "test_attribution.Ssh", extent=Extent.EXTRA),
    Item("e2e", "test_hostile.Passing", extent=Extent.EXTRA),
    Item("e2e", "test_hostile.SetUid", extent=Extent.EXTRA),
    Item("e2e", "test_hostile.Namespaces", extent=Extent.EXTRA),
    Item("e2e", "test_hostile.Ports", extent=Extent.EXTRA),
    Item("e2e", "test_hostile.Tables", extent=Extent.EXTRA),
    Item("e2e", "test_xdp.Attribution", shrink={"_SIZE": 4_000_000}),
    Item("e2e", "test_xdp.Occupied", extent=Extent.EXTRA),
    Item("e2e", "test_lifecycle.CleanExit", extent=Extent.EXTRA),
    Item("e2e", "test_lifecycle.StartErrors", extent=Extent.EXTRA),
    Item("e2e", "test_lifecycle.Commands", extent=Extent.EXTRA),
    Item("e2e", "test_http.Itself", extent=Extent.EXTRA),
    Item("e2e", "test_socket_layer.Tracepoint"),
    Item("e2e", "test_socket_layer.Fentry", extent=Extent.WAYS),
    Item("e2e", "test_socket_layer.Kprobe", extent=Extent.WAYS),
    Item("e2e", "test_socket_layer.Choice"),
    Item("e2e", "test_privileges.Enough"),
    Item("e2e", "test_privileges.TooFew"),
    Item("e2e", "test_least_privilege.Dropped"),
    Item("e2e", "test_doctor.Doctor", extent=Extent.EXTRA),
    Item("e2e", "test_host_setup.Mounts"),
    Item("e2e", "test_persistence.Restart", shrink={"SIZE": 4_000_000}),
    Item("e2e", "test_host_setup.Places", extent=Extent.EXTRA),
    Item("e2e", "test_host_setup.Hidden", extent=Extent.EXTRA),
    Item("e2e", "test_host_setup.Limited", extent=Extent.EXTRA),
    Item("e2e", "test_host_setup.KernelSockets", extent=Extent.EXTRA),
]

# Cases of the accuracy suite that move little and need no more than the machine's own programs.
ACCURACY = [
    Item("accuracy", "root accepts, a child becomes alice"),
    Item("accuracy", "dig asking", extent=Extent.EXTRA),
    Item("accuracy", "ping, IPv4", extent=Extent.EXTRA),
    Item("accuracy", "scp upload", extent=Extent.EXTRA),
]

# Of the kernel tests, those that load every program with all settings that change its code.
_VERIFIER_TESTS = ("every combination", "as many as there may be")


def kernel_tests(names: Sequence[str]) -> list[Item]:
    """Each Catch2 test of that name by itself."""
    return [Item("kernel", name, extent=Extent.ESSENTIAL if _asks_the_verifier(name)
                 else Extent.EXTRA) for name in names]


def _asks_the_verifier(name: str) -> bool:
    return any(word in name for word in _VERIFIER_TESTS)


def left_out(items: Sequence[Item], extent: Extent) -> list[Item]:
    """What is not run with that extent."""
    return [item for item in items if item.extent > extent]
