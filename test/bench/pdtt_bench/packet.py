# SPDX-License-Identifier: Apache-2.0
"""What each packet costs: test runs of single programs, then live traffic."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pdtt_harness import shell
from pdtt_harness.world import World, finish

from .row import Options, Row, Say

_ESTABLISHED = "cgroup_skb, established TCP"
_MOST_NS = 16.0
_MOST_XDP_NS = 60.0
_MOST_OF_ORIGINAL = 0.25
_FLAT = 1.25


def _results(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def _rows(results: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """The empty program with its time, all others with what they cost more."""
    for result in results:
        case, what = result["case"], result["what"]
        if what == "empty program":
            yield Row(case, what, result["ns"], "ns")
            continue
        ratio = result["to_original"] or None
        most = None
        if what == "ours" and case.startswith(_ESTABLISHED):
            most = _MOST_NS
        elif what == "ours" and case.startswith("xdp") and case.endswith(", 1 connection"):
            most = _MOST_XDP_NS
        above = result["above_empty"]
        yield Row(case, what, above, "ns", ratio, f"<= {most:.0f} ns" if most else "",
                  above <= most if most else None, "above the empty program")
        if what == "ours" and ratio and case.startswith(_ESTABLISHED):
            yield Row(case, "ours, of the original layout", ratio, "",
                      target=f"<= {_MOST_OF_ORIGINAL}", met=ratio <= _MOST_OF_ORIGINAL)


def _flatness(results: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """What the most connections cost of what one does, for TCP and one account."""
    for direction in ("ingress", "egress"):
        cost = [result["above_empty"] for result in results if result["what"] == "ours"
                and result["case"].startswith(f"live, TCP, 64 bytes, {direction}")
                and result["case"].endswith(" 1 account")]
        if len(cost) > 1:
            ratio = cost[-1] / cost[0]
            yield Row(f"live, TCP, {direction}, the most connections in turn against one", "ours",
                      ratio, "times", target=f"flat: <= {_FLAT}", met=ratio <= _FLAT)


def _live(options: Options, say: Say) -> Iterator[Row]:
    """Connections of the users' side with the peers', both ends counted, one packet at a time."""
    cases = [("tcp", 1, 1), ("tcp", 1_000, 1), ("tcp", 60_000, 1), ("tcp", 60_000, 4_000),
             ("udp", 1, 1), ("udp", 1_000, 1)]
    rounds, packets = 5, 20_000
    if options.quick:
        cases = [("tcp", 1, 1), ("tcp", 5_000, 1_000), ("udp", 1, 1)]
        rounds, packets = 3, 2_000
    results = []
    world = World()
    try:
        link = world.links[0]
        world.host.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535")
        for protocol, connections, accounts in cases:
            say(f"live, {protocol}, {connections} connections, {accounts} accounts")
            process = world.as_user(None, [
                str(options.programs / "pdtt_bench_packet"), "live", str(rounds),
                str(world.cgroup.path), world.peer.path, link.host4, link.peer4, protocol,
                str(connections), str(accounts), str(packets)], text=True)
            results += _results(finish(process))
    finally:
        world.close()
    yield from _rows(results)
    yield from _flatness(results)


def run(options: Options, say: Say) -> Iterator[Row]:
    """Everything about single packets."""
    say("test runs")
    program = str(options.programs / "pdtt_bench_packet")
    rounds = "50" if options.quick else "150"
    yield from _rows(_results(shell.run(program, "test-runs", rounds, timeout=300)))
    yield from _live(options, say)
