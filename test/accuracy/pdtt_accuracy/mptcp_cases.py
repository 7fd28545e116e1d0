# SPDX-License-Identifier: Apache-2.0
"""Multipath TCP: a socket of the user with the TCP sockets of its subflows behind it."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from pdtt_harness import shell
from pdtt_harness.programs import Moved
from pdtt_harness.world import World

from . import netcat
from .activation_cases import accepting_socket_unit
from .case import Case, alice, both_ways
from .serving import exchange

_ENABLED = Path("/proc/sys/net/mptcp/enabled")
_MPTCP = ("mptcpize", "run")
_NEEDS = ("mptcpize", "nc")
_ESTABLISHED = ("MPCapableACKRX", "MPCapableSYNACKRX")  # accepted here, opened here
_JOINED = ("MPJoinAckRx", "MPJoinSynAckRx")
_ATTEMPTS = 20


def _why_not() -> str:
    if not _ENABLED.exists():
        return "needs a kernel with MPTCP"
    return "" if _ENABLED.read_text(encoding="ascii").strip() == "1" else (
        "needs the sysctl net.mptcp.enabled")


def _count(world: World, *names: str) -> int:
    """The sum of these counters of the users' side's MPTCP."""
    keys, values = (line.split() for line in world.host.run("cat", "/proc/net/netstat").splitlines()
                    if line.startswith("MPTcpExt:"))
    counters = dict(zip(keys, values))
    return sum(int(counters[name]) for name in names)


def _required(transfer: Callable[..., Moved]) -> Callable[..., Moved]:
    """A transfer that fails if the connection fell back to ordinary TCP."""
    @functools.wraps(transfer)
    def run(world: World, upload: bool) -> Moved:
        before = _count(world, *_ESTABLISHED)
        moved = transfer(world, upload)
        if _count(world, *_ESTABLISHED) != before + 1:
            raise AssertionError("the data did not go over MPTCP")
        return moved
    return run


@_required
def _client(world: World, upload: bool) -> Moved:
    with exchange(world, world.alice.name) as files:
        netcat.connect(world, world.alice, files, upload, _MPTCP, _MPTCP)
        return files.moved(not upload, 1)


@_required
def _server(world: World, upload: bool) -> Moved:
    with exchange(world, world.alice.name) as files:
        netcat.serve(world, world.alice, files, upload, _MPTCP)
        return files.moved(upload, 1)


@_required
def _handed_over(world: World, upload: bool) -> Moved:
    return accepting_socket_unit(world, upload, _MPTCP)


def _with_two(transfer: Callable[..., Moved], world: World, upload: bool) -> Moved:
    """Repeats the transfer until a second subflow has joined in: the kernel takes its time."""
    total = Moved(0, 0, 0)
    before = _count(world, *_JOINED)
    while _count(world, *_JOINED) == before:
        if total.connections == 2 * _ATTEMPTS:
            raise AssertionError("no second subflow has joined")
        moved = transfer(world, upload)
        total = Moved(total.sent + moved.sent, total.received + moved.received,
                      total.connections + 2)
    return total


@contextlib.contextmanager
def _second_address(world: World, use: str) -> Iterator[None]:
    """Adds an address on the users' side: to open a `subflow` from, or to `signal` to the peer."""
    device = world.links[0].device
    address = world.links[0].host4 + "0"  # 10.77.1.10
    mac = shell.run_json("ip", "-n", world.host.name, "-j", "link", "show", "dev",
                         device)[0]["address"]
    world.peer.ip("neigh", "replace", address, "lladdr", mac, "dev", device, "nud", "permanent")
    world.peer.ip("mptcp", "limits", "set", "add_addr_accepted", "1", "subflows", "1")
    world.host.ip("mptcp", "limits", "set", "subflows", "1")
    world.host.ip("addr", "add", f"{address}/24", "dev", device)
    world.host.ip("mptcp", "endpoint", "add", address, "dev", device, use)
    try:
        yield
    finally:
        world.host.ip("mptcp", "endpoint", "flush")
        world.host.ip("addr", "del", f"{address}/24", "dev", device)
        world.peer.ip("neigh", "del", address, "dev", device)


_OPENED = partial(_second_address, use="subflow")
_ANNOUNCED = partial(_second_address, use="signal")
_ACTIVATION_NEEDS = (*_NEEDS, "systemd-socket-activate")

CASES: Sequence[Case] = (
    *both_ways("MPTCP client", alice, _client, _NEEDS, _why_not),
    *both_ways("MPTCP server", alice, _server, _NEEDS, _why_not),
    *both_ways("MPTCP socket activation,", alice, _handed_over, _ACTIVATION_NEEDS, _why_not),
    *both_ways("MPTCP client", alice, partial(_with_two, _client), _NEEDS, _why_not, _OPENED,
               more=", two subflows"),
    *both_ways("MPTCP server", alice, partial(_with_two, _server), _NEEDS, _why_not, _ANNOUNCED,
               more=", two subflows"),
    *both_ways("MPTCP socket activation,", alice, partial(_with_two, _handed_over),
               _ACTIVATION_NEEDS, _why_not, _ANNOUNCED, more=", two subflows"),
)
