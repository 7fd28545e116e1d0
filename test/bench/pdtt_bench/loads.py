# SPDX-License-Identifier: Apache-2.0
"""The traffic between a user and the user's peer: what is run, and which of its figures count."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pdtt_harness.netns import Link
from pdtt_harness.programs import wait_listening
from pdtt_harness.world import World, finish

_PORT = 7411


@dataclass(frozen=True)
class Figure:
    """One of the numbers that a run gives."""

    key: str
    case: str
    scale: float  # from what the program prints to `unit`
    unit: str
    is_target: bool = False


@dataclass(frozen=True)
class Load:
    """One way to use the network."""

    mode: str  # of pdtt_bench_load
    figures: tuple[Figure, ...]
    offload: bool = False  # over the link whose device cuts super-packets
    counted: bool = False  # the counts are held against the wire after each run
    quick: bool = True  # also where time is short


def _stream(mode: str, case: str) -> tuple[Load, Load]:
    return (Load(mode, (Figure("received", case, 8e-9, "Gbit/s", True),), counted=True),
            Load(mode, (Figure("received", f"{case}, segmentation offloaded", 8e-9, "Gbit/s",
                               True),), offload=True, quick=False))


def _flood(mode: str, case: str, quick: bool = True) -> Load:
    return Load(mode, (Figure("received", f"{case}: received", 1e-3, "kpacket/s", True),
                       Figure("sent", f"{case}: sent", 1e-3, "kpacket/s")),
                counted=True, quick=quick)


LOADS = (
    *_stream("stream-send", "TCP stream from the user"),
    *_stream("stream-receive", "TCP stream to the user"),
    _flood("flood-send", "UDP flood from the user"),
    _flood("flood-send-to", "UDP flood from the user, not connected", quick=False),
    _flood("flood-receive", "UDP flood to the user, not connected"),
    Load("exchange", (Figure("median_ns", "TCP request and response: median", 1e-3, "us"),
                      Figure("p99_ns", "TCP request and response: 99 %", 1e-3, "us"))),
    Load("connect", (Figure("sent", "TCP connections, one exchange each", 1e-3, "k/s"),)),
)


class Stage:
    """A user on one side and a server on the other, each on a core of its own."""

    def __init__(self, world: World, program: Path) -> None:
        self.world, self.user, self._program = world, world.alice, str(program)
        cores = sorted(os.sched_getaffinity(0))
        self._user_core, peer_core = cores[0], cores[-1]
        wire, offloaded = world.links
        self.wire, self._offloaded = wire, offloaded
        for side in (world.host, world.peer):
            side.run("ethtool", "-K", offloaded.device, "tso", "on", "tx-udp-segmentation", "on")
        world.as_peer(self._pinned(peer_core, ["serve", str(_PORT)]))
        wait_listening(world.peer, _PORT)

    def _pinned(self, core: int, arguments: list[str]) -> list[str]:
        return ["taskset", "--cpu-list", str(core), self._program, *arguments]

    def link(self, load: Load) -> Link:
        """Where the load runs."""
        return self._offloaded if load.offload else self.wire

    def run(self, load: Load, seconds: float) -> dict[str, float]:
        """What the program has measured."""
        found: dict[str, float] = json.loads(finish(self.world.as_user(
            self.user, self._pinned(self._user_core, [
                load.mode, self.link(load).peer4, str(_PORT), str(round(seconds * 1000))]))))
        return found
