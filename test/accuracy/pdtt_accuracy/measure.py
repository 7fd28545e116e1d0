# SPDX-License-Identifier: Apache-2.0
"""What is read before and after a case: the interfaces, the exporter, the sockets' owners."""

import json
import os
import pwd
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pdtt_harness import netns
from pdtt_harness.cgroup import find_cgroup2
from pdtt_harness.exporter import Exporter
from pdtt_harness.world import World, finish, wait_for

from .case import LOOPBACK

DIRECTIONS = ("transmit", "receive")
UNITS = ("bytes", "packets")

_SUITE, _OWN = "suite", "loopback"


@dataclass(frozen=True)
class Reading:
    """Counts so far, as the users' side sees them."""

    wire: Mapping[tuple[str, str], int]        # by direction and unit
    users: Mapping[tuple[str, str, str], int]  # by name, direction and unit
    socket_owners: Mapping[str, int]           # bytes by name
    lost: int  # packets dropped between the sockets and the peer's interface, in either direction

    def since(self, before: "Reading") -> "Reading":
        """What has come to it."""
        return Reading(_minus(self.wire, before.wire), _minus(self.users, before.users),
                       _minus(self.socket_owners, before.socket_owners), self.lost - before.lost)

    def bytes_by_user(self) -> Counter[str]:
        """Bytes of both directions by user; only of users who have some."""
        found: Counter[str] = Counter()
        for (name, _, unit), value in self.users.items():
            if unit == "bytes":
                found[name] += value
        return found


def _minus(after: Mapping[Any, int], before: Mapping[Any, int]) -> Counter[Any]:
    return Counter({key: value - before.get(key, 0) for key, value in after.items()
                    if value != before.get(key, 0)})


class Meter:
    """Reads all that a case is judged by."""

    def __init__(self, world: World) -> None:
        self._world = world
        _prepare_loopback(world)
        self.exporter = Exporter(world, settings=_networks(world), cgroup="auto")
        self._socket_owner = _SocketOwner(world)
        self.exporter.start()

    def quiet(self) -> None:
        """Waits until nothing moves on any of the interfaces."""
        netns.wait_until_quiet(self._world.peer)
        # What waits on lo waits for a timer of TCP at most.
        last: list[int] = []

        def unmoved() -> bool:
            last.append(_lo_counts(self._world)["bytes"])
            return last[-2:-1] == last[-1:]

        wait_for(unmoved, "lo quiet")

    def headers(self) -> tuple[int, int]:
        """Link header bytes per frame in the counts of sent and of received frames."""
        link, host, peer = self._world.links[0], self._world.host, self._world.peer
        return (netns.counted_header(host, peer, link.device, link.host4, link.peer4),
                netns.counted_header(peer, host, link.device, link.peer4, link.host4))

    def read(self, loopback: bool, headers: tuple[int, int]) -> Reading:
        """Reads everything; `loopback` says where the case moves its data."""
        wire = self._loopback() if loopback else self._links(headers)
        scrape = self.exporter.scrape_fresh()
        users: Counter[tuple[str, str, str]] = Counter()
        for direction in DIRECTIONS:
            for unit in UNITS:
                for labels, value in scrape.series(f"pdtt_user_{direction}_{unit}_total",
                                                   network=_OWN if loopback else _SUITE):
                    name = _user_name(int(labels["uid"]), labels["user"])
                    users[name, direction, unit] += int(value)
        return Reading(wire, users, self._socket_owner.read(), self._lost())

    def _links(self, headers: tuple[int, int]) -> Mapping[tuple[str, str], int]:
        counts: Counter[tuple[str, str]] = Counter()
        for frames in self._world.peer.all_frames().values():
            for direction, header, size, packets in (
                    ("transmit", headers[0], frames.rx_bytes, frames.rx_packets),
                    ("receive", headers[1], frames.tx_bytes, frames.tx_packets)):
                counts[direction, "bytes"] += size - header * packets
                counts[direction, "packets"] += packets
        return counts

    def _loopback(self) -> Mapping[tuple[str, str], int]:
        """lo counts a packet once; its sender and its receiver are both counted for it."""
        counts = _lo_counts(self._world)
        return {(direction, unit): counts[unit] for direction in DIRECTIONS for unit in UNITS}

    def _lost(self) -> int:
        dropped = sum(frames.tx_dropped for frames in self._world.host.all_frames().values())
        # Without GRO, received frames pass a queue of the processor; its drops are the 2nd column.
        softnet = Path("/proc/net/softnet_stat").read_text(encoding="ascii").splitlines()
        return dropped + sum(int(line.split()[1], 16) for line in softnet)

    def close(self) -> None:
        """Stops both programs; anything but a clean exit is an error."""
        self._socket_owner.stop()
        self.exporter.stop()


class _SocketOwner:
    """The pdtt-socket-owner program."""

    def __init__(self, world: World) -> None:
        addresses = [address for link in world.links for address in (link.peer4, link.peer6)]
        # Any: with three pipes, none of the streams is None.
        self._process: Any = world.start(
            [os.environ["PDTT_SOCKET_OWNER"], str(find_cgroup2()), *addresses, *LOOPBACK.values()],
            stdin=subprocess.PIPE, text=True)
        self.read()

    def read(self) -> Mapping[str, int]:
        """Bytes so far by user."""
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what it said is more telling
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"it ended: {self._process.stderr.read()}")
        owners: Counter[str] = Counter()
        for uid, size in json.loads(line).items():
            owners[_user_name(int(uid), uid)] += size
        return owners

    def stop(self) -> None:
        """Ends it with its input."""
        finish(self._process, timeout=10)


def _user_name(uid: int, otherwise: str) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return otherwise


def _networks(world: World) -> str:
    """Classes of remote addresses: the peers' programs run on this kernel, too, and are "other"."""
    peers = ", ".join(f'{link.peer4}/32, "{link.peer6}/128"' for link in world.links)
    return (f"networks:\n  {_SUITE}: [{peers}]\n"
            f'  {_OWN}: [{LOOPBACK[4]}/32, "{LOOPBACK[6]}/128"]\n'
            '  other: [0.0.0.0/0, "::/0"]\n')


def _prepare_loopback(world: World) -> None:
    """Addresses of the suite's own; and no super-packets on lo, so that it counts packets."""
    world.host.ip("addr", "add", f"{LOOPBACK[4]}/32", "dev", "lo")
    world.host.ip("addr", "add", f"{LOOPBACK[6]}/128", "dev", "lo", "nodad")
    world.host.run("ethtool", "-K", "lo", "tso", "off", "tx-udp-segmentation", "off", "gso", "on")


def _lo_counts(world: World) -> dict[str, int]:
    """lo's bytes and packets; it counts without a link header."""
    for line in world.host.run("cat", "/proc/net/dev").splitlines():
        device, _, counts = line.partition(":")
        if device.strip() == "lo":
            received = counts.split()
            return {"bytes": int(received[0]), "packets": int(received[1])}
    raise RuntimeError("no lo")
