# SPDX-License-Identifier: Apache-2.0
"""What counts a user's traffic: the exporter, and what people would use in its place.

Each is a context that counts while it is entered, and says what it has counted so far.
"""

import json
import math
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pdtt_harness import netns, shell
from pdtt_harness.exporter import Exporter
from pdtt_harness.users import TestUser
from pdtt_harness.world import World, wait_for

_NETHOGS_LINE = re.compile(r"(.+/\d+/(\d+))\t([\d.e+]+)\t([\d.e+]+)")


@dataclass(frozen=True)
class Traffic:
    """What a user moved, by somebody's count; NaN: not counted."""

    sent_bytes: float
    received_bytes: float
    sent_packets: float = math.nan
    received_packets: float = math.nan

    def __sub__(self, other: "Traffic") -> "Traffic":
        return Traffic(self.sent_bytes - other.sent_bytes,
                       self.received_bytes - other.received_bytes,
                       self.sent_packets - other.sent_packets,
                       self.received_packets - other.received_packets)


class Contender(Protocol):
    """What is switched on for a while."""

    name: str
    link_header: int  # bytes of each packet that it counts beyond the IP packet

    def __enter__(self) -> object: ...

    def __exit__(self, *_: object) -> None: ...

    def counted(self, user: TestUser) -> Traffic | None:
        """So far; None if it does not count."""


class Nothing:
    """The reference."""

    name = "none"
    link_header = 0

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def counted(self, user: TestUser) -> None:
        """It has no counters."""


class Ours:
    """The exporter with some of its layers."""

    link_header = 0

    def __init__(self, world: World, name: str, settings: str = "", xdp: str = "") -> None:
        """`xdp` is how that layer is attached to the users' interfaces; empty: not at all."""
        self.name = name
        self._world, self._settings, self._xdp = world, settings, xdp
        self._exporter: Exporter

    def __enter__(self) -> None:
        if not self._xdp:
            self._exporter = Exporter(self._world, settings=self._settings).start()
            return
        flags = [word for link in self._world.links for word in ("--interface", link.device)]
        self._exporter = Exporter(self._world, flags, f"layers: {{xdp: {self._xdp}}}\n",
                                  inside=True).start()
        if self._exporter.scrape().value("pdtt_layer_up", layer="xdp") != 1:
            raise AssertionError(f"XDP is not attached: {self._exporter.log_text()}")

    def __exit__(self, *_: object) -> None:
        self._exporter.stop()

    def counted(self, user: TestUser) -> Traffic:
        """As exported."""
        scrape = self._exporter.scrape_fresh()
        return Traffic(*(scrape.sum(f"pdtt_user_{direction}_{what}_total", uid=str(user.uid))
                         for what in ("bytes", "packets")
                         for direction in ("transmit", "receive")))


class Layout:
    """A pair of cgroup programs of another layout."""

    link_header = 0

    def __init__(self, world: World, name: str, program: Path, layout: str) -> None:
        self.name = name
        self._world, self._argv = world, [str(program), layout, str(world.cgroup.path)]
        self._layout = layout
        self._process: subprocess.Popen[Any]

    def __enter__(self) -> None:
        self._process = self._world.start(self._argv, stdin=subprocess.PIPE, text=True)
        if self._read() != "ready":
            raise AssertionError(f"{self.name}: {self._process.communicate()[1]}")

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def _read(self) -> str:
        return str(self._process.stdout.readline()).strip() if self._process.stdout else ""

    def counted(self, user: TestUser) -> Traffic | None:
        """What is in its map of users."""
        if self._layout == "empty" or not self._process.stdin:
            return None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        counts = json.loads(self._read()).get(str(user.uid), {})
        return Traffic(*(counts.get(name, 0)
                         for name in ("tx_bytes", "rx_bytes", "tx_packets", "rx_packets")))


# A map finds the user's counter, however many users there are. At the input hook a packet has a
# socket only where the stack has looked it up early: established TCP and connected UDP.
_RULES = """\
table inet pdtt_bench {{
{counters}
{chains}}}
"""
_COUNTER = "  counter {direction}-{uid} {{ }}"
_CHAIN = """\
  chain {direction} {{
    type filter hook {hook} priority 0
    counter name meta skuid map {{ {elements} }}
  }}
"""


def _rules(users: Sequence[TestUser]) -> str:
    directions = {"sent": "output", "received": "input"}
    chains = [_CHAIN.format(direction=direction, hook=hook, elements=", ".join(
        f'{user.uid} : "{direction}-{user.uid}"' for user in users))
        for direction, hook in directions.items()]
    counters = [_COUNTER.format(direction=direction, uid=user.uid)
                for direction in directions for user in users]
    return _RULES.format(counters="\n".join(counters), chains="".join(chains))


class Nftables:
    """A counter for each user, found by `meta skuid`, in the users' namespace."""

    name = "nftables, meta skuid"
    link_header = 0

    def __init__(self, world: World) -> None:
        self._world = world

    def __enter__(self) -> None:
        shell.run("nsenter", f"--net={self._world.host.path}", "nft", "-f", "-",
                  text=_rules(self._world.users))

    def __exit__(self, *_: object) -> None:
        self._world.host.run("nft", "delete", "table", "inet", "pdtt_bench")

    def counted(self, user: TestUser) -> Traffic:
        """The named counters."""
        listing = json.loads(self._world.host.run("nft", "-j", "list", "counters"))
        found = {item["counter"]["name"]: item["counter"]
                 for item in listing["nftables"] if "counter" in item}
        return Traffic(*(found[f"{direction}-{user.uid}"][what] for what in ("bytes", "packets")
                         for direction in ("sent", "received")))


class Nethogs:
    """nethogs on the users' interface: libpcap, and /proc for who owns a connection."""

    name = "nethogs (pcap)"
    link_header = netns.LINK_HEADER_BYTES

    def __init__(self, world: World, device: str) -> None:
        self._world = world
        self._argv = ["nsenter", f"--net={world.host.path}",
                      "nethogs", "-t", "-C", "-b", "-v", "2", "-d", "1", device]
        self._process: subprocess.Popen[Any]

    def __enter__(self) -> None:
        self._totals: dict[str, tuple[int, float, float]] = {}
        self._refreshes = 0
        self._process = self._world.start(self._argv, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        self._wait_for_refresh()

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            match = _NETHOGS_LINE.fullmatch(line.rstrip("\n"))
            if match:
                self._totals[match[1]] = int(match[2]), float(match[3]), float(match[4])
            elif line.startswith("Refreshing"):
                self._refreshes += 1

    def _wait_for_refresh(self) -> None:
        seen = self._refreshes
        wait_for(lambda: self._refreshes > seen, "a refresh of nethogs", timeout=15)

    def counted(self, user: TestUser) -> Traffic:
        """The sum over the user's programs, in frames' bytes; there are no packets."""
        self._wait_for_refresh()
        time.sleep(0.1)  # its lines come right after its heading
        own = [(sent, received) for uid, sent, received in self._totals.values()
               if uid == user.uid]
        return Traffic(sum(sent for sent, _ in own), sum(received for _, received in own))
