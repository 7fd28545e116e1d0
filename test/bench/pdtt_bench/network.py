# SPDX-License-Identifier: Apache-2.0
"""End to end: what counting costs the traffic between two network namespaces.

What is compared runs in turn with nothing at all (pairs.py), and what it counted is held against
the interface, so that nothing gets faster by counting less.
"""

import contextlib
import math
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pdtt_harness import shell
from pdtt_harness.world import World

from . import pairs
from .contenders import Contender, Layout, Nethogs, Nftables, Nothing, Ours, Traffic
from .loads import LOADS, Figure, Load, Stage
from .precedence import ahead_of_others
from .row import Options, Row, Say

_DEFAULT = "ours, default layers"
_TARGET = 0.97
_MTU = 1500
# What test/e2e/test_traffic.py allows, too.
_TOLERANCE = 1e-4
_LOOSE_PACKETS = 8  # of a run's two connections: sent when no socket is left

Measured = dict[str, list[float]]  # by case


@dataclass(frozen=True)
class Share:
    """What was counted in one run, by what was on the wire."""

    size: float
    packets: float
    complete: bool


def _wire(stage: Stage) -> tuple[Traffic, int]:
    """What the peer's interface has counted, and what the user's has dropped on the way to it."""
    link = stage.wire
    frames = stage.world.peer.frames(link.device)
    lost = stage.world.host.frames(link.device).tx_dropped
    return Traffic(link.ip_bytes(frames.rx_bytes, frames.rx_packets),
                   link.ip_bytes(frames.tx_bytes, frames.tx_packets),
                   frames.rx_packets, frames.tx_packets), lost


def _share(counted: Traffic, wire: Traffic, lost: int, link_header: int) -> Share:
    """`lost`: counted, but not on the wire."""
    packets = wire.sent_packets + wire.received_packets
    size = wire.sent_bytes + wire.received_bytes + link_header * packets
    counted_packets = counted.sent_packets + counted.received_packets
    slack = packets * _TOLERANCE + _LOOSE_PACKETS + lost
    complete = (abs(counted_packets - packets) <= slack and
                abs(counted.sent_bytes + counted.received_bytes - size) <=
                size * _TOLERANCE + (_LOOSE_PACKETS + lost) * _MTU)
    return Share((counted.sent_bytes + counted.received_bytes) / size, counted_packets / packets,
                 complete)


class Comparison:
    """All that was measured."""

    def __init__(self, stage: Stage, quick: bool) -> None:
        self._stage, self._quick = stage, quick
        self._loads = [load for load in LOADS if load.quick or not quick]
        self._seconds = 0.15 if quick else 0.35
        self._order: list[str] = []  # who ran, in turn
        self._values: Measured = defaultdict(list)
        self._shares: dict[tuple[str, str], list[Share]] = defaultdict(list)

    def run(self, contender: Contender) -> None:
        """Every load once."""
        self._order.append(contender.name)
        with contender:
            for load in self._loads:
                counted = contender.counted(self._stage.user) if load.counted else None
                wire, lost = _wire(self._stage)
                result = self._stage.run(load, self._seconds)
                for figure in load.figures:
                    self._values[figure.case].append(result[figure.key] * figure.scale)
                if counted:
                    self._check(contender, load, counted, (wire, lost))

    def _check(self, contender: Contender, load: Load, before: Traffic,
               wire_before: tuple[Traffic, int]) -> None:
        time.sleep(0.05)  # the last acknowledgements
        wire, lost = _wire(self._stage)
        counted = contender.counted(self._stage.user)
        if counted:
            self._shares[load.figures[0].case, contender.name].append(_share(
                counted - before, wire - wire_before[0], lost - wire_before[1],
                contender.link_header))

    def rows(self) -> Iterator[Row]:
        """Costs, then counts."""
        names = list(dict.fromkeys(self._order))
        for load in self._loads:
            for figure in load.figures:
                for name in names:
                    yield self._cost(figure, name)
        for load in self._loads:
            for name in names:
                shares = self._shares.get((load.figures[0].case, name))
                if shares:
                    yield _count(load.figures[0].case, name, shares)

    def _cost(self, figure: Figure, name: str) -> Row:
        values = self._values[figure.case]
        own = [value for value, who in zip(values, self._order) if who == name]
        row = Row(figure.case, name, statistics.median(own), figure.unit)
        if name == self._order[0]:
            return row
        found = [ratio for ratio, who in zip(pairs.ratios(values), self._order[1::2])
                 if who == name]
        ratio = statistics.median(found)
        low, high = pairs.spread(found)
        # Few short runs are no judgement.
        wanted = figure.is_target and name == _DEFAULT and not self._quick
        return Row(figure.case, name, row.value, figure.unit, ratio,
                   f">= {_TARGET:.0%} of none" if wanted else "",
                   ratio >= _TARGET if wanted else None,
                   f"{len(found)} {'pair' if len(found) == 1 else 'pairs'}, "
                   f"middle half {low:.3f} to {high:.3f}")


def _count(case: str, name: str, shares: list[Share]) -> Row:
    ours = name.startswith("ours")
    packets = 100 * statistics.median(share.packets for share in shares)
    return Row(f"counted / on the wire: {case.split(':')[0]}", name,
               100 * statistics.median(share.size for share in shares), "% of bytes", None,
               "what the wire counts" if ours else "",
               all(share.complete for share in shares) if ours else None,
               "" if math.isnan(packets) else f"{packets:.3f} % of packets")


def _contenders(world: World, options: Options) -> list[Contender]:
    """In the order in which they are run; the one with the target is run most."""
    device = world.links[0].device
    default = Ours(world, _DEFAULT)
    attach = options.programs / "pdtt_bench_attach"
    others: list[Contender] = [Layout(world, "original layout", attach, "original"),
                               Nftables(world), Nethogs(world, device)]
    if not options.quick:
        others = [
            Ours(world, "ours, cgroup layer alone", "layers: {socket: off}\n"),
            Ours(world, "ours, and XDP generic", xdp="generic"),
            Ours(world, "ours, and XDP native", xdp="native"),
            Layout(world, "empty programs", attach, "empty"), *others]
    ordered: list[Contender] = [default, *(one for other in others for one in (other, default))]
    return ordered if options.quick else ordered * 2


def _foreign_programs() -> set[str]:
    """Those of another exporter, or of a run that was killed."""
    names = {program.get("name", "") for program in shell.run_json("bpftool", "-j", "prog", "show")}
    return names & {"cgroup_skb_egress", "cgroup_skb_egre", "sock_send_length"}


def run(options: Options, say: Say) -> Iterator[Row]:
    """The section's rows."""
    for name in sorted(_foreign_programs()):
        say(f"{name} is loaded already: what it costs is part of every figure, that of none, too")
    say("two network namespaces, a user on one side")
    with ahead_of_others(), contextlib.closing(World(links=2)) as world:
        stage = Stage(world, options.programs / "pdtt_bench_load")
        comparison = Comparison(stage, options.quick)
        contenders = list(pairs.in_turn(Nothing(), _contenders(world, options)))
        for number, contender in enumerate(contenders, 1):
            say(f"{contender.name} ({number} of {len(contenders)})")
            comparison.run(contender)
        yield from comparison.rows()
