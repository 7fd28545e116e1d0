# SPDX-License-Identifier: Apache-2.0
"""What is run on each kernel: one table, from which guests take it and docs/kernels.md is written.

Emulation is ten to twenty times slower than the machine itself. So everything is run by hand, on
request; what each change has to pass is chosen by what it says about a kernel.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


class Extent(enum.IntEnum):
    """How much is run."""

    ESSENTIAL = 0  # doctor, and starting and stopping with each way of the socket layer
    CHOSEN = 1  # what says something about a kernel
    ALL = 2


@dataclass(frozen=True)
class Item:
    """Something that is run by itself, in a process of its own, and has one result or several."""

    suite: str
    name: str
    seconds: int = 900  # then it is ended, and has failed
    extent: Extent = Extent.ALL
    shrink: Mapping[str, int] = field(default_factory=dict)  # constants of the test's module

    def as_json(self) -> dict[str, Any]:
        """For the guest."""
        return asdict(self)


_LESS = {"SIZE": 8_000_000}  # bytes that each user moves in a test

# Exporters are started with each way of the socket layer that the kernel has.
START = [Item("start", "exporter", extent=Extent.ESSENTIAL)]

END_TO_END = [
    Item("e2e", "test_traffic.TcpTraffic", shrink=_LESS),
    Item("e2e", "test_traffic.UdpTraffic", shrink=_LESS),
    Item("e2e", "test_connections.Life"),
    Item("e2e", "test_connections.Udp"),
    Item("e2e", "test_connections.Kinds"),
    Item("e2e", "test_ownership.Ownership"),
    Item("e2e", "test_ownership.WholeHost"),
    Item("e2e", "test_attribution.Handover"),
    Item("e2e", "test_attribution.Ssh"),
    Item("e2e", "test_hostile.Passing"),
    Item("e2e", "test_hostile.SetUid"),
    Item("e2e", "test_hostile.Namespaces"),
    Item("e2e", "test_hostile.Ports"),
    Item("e2e", "test_hostile.Tables"),
    Item("e2e", "test_xdp.Attribution"),
    Item("e2e", "test_xdp.Occupied"),
    Item("e2e", "test_lifecycle.CleanExit"),
    Item("e2e", "test_lifecycle.StartErrors"),
    Item("e2e", "test_lifecycle.Commands"),
    Item("e2e", "test_http.Itself"),
    Item("e2e", "test_socket_layer.Tracepoint", extent=Extent.CHOSEN),
    Item("e2e", "test_socket_layer.Fentry", extent=Extent.CHOSEN),
    Item("e2e", "test_socket_layer.Kprobe", extent=Extent.CHOSEN),
    Item("e2e", "test_socket_layer.Choice"),
    Item("e2e", "test_privileges.Enough"),
    Item("e2e", "test_privileges.TooFew"),
    Item("e2e", "test_doctor.Doctor"),
    Item("e2e", "test_host_setup.Mounts"),
    Item("e2e", "test_host_setup.Hidden"),
    Item("e2e", "test_host_setup.Limited"),
    Item("e2e", "test_host_setup.KernelSockets"),
]

# Cases of the accuracy suite that move little and need no more than the machine's own programs.
ACCURACY = [
    Item("accuracy", "root accepts, a child becomes alice"),
    Item("accuracy", "dig asking"),
    Item("accuracy", "ping, IPv4"),
    Item("accuracy", "scp upload"),
]

# Of the kernel tests, those that are run with each change; the others take minutes each.
CHOSEN_KERNEL_TESTS = ("every combination", "as many as there may be")


def kernel_tests(names: Sequence[str]) -> list[Item]:
    """Each Catch2 test of that name by itself."""
    return [Item("kernel", name, extent=Extent.CHOSEN if _is_chosen(name) else Extent.ALL)
            for name in names]


def _is_chosen(name: str) -> bool:
    return any(word in name for word in CHOSEN_KERNEL_TESTS)


def left_out(items: Sequence[Item], extent: Extent) -> list[Item]:
    """What is not run with that extent."""
    return [item for item in items if item.extent > extent]
