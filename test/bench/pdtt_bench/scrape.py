# SPDX-License-Identifier: Apache-2.0
"""What a scrape costs: to collect, to render, to send; for large sites, beside node_exporter.

The page is made in this process's neighbour (pdtt_bench_page) to see rendering alone, and by the
exporter from the kernel's tables for all of it.
"""

import contextlib
import dataclasses
import json
import re
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

from pdtt_harness.exporter import Exporter, free_port
from pdtt_harness.scrape import Scrape
from pdtt_harness.shell import run as run_command
from pdtt_harness.world import World, stop, wait_for

from .http_timing import Answer, Client
from .process_usage import ProcessUsage
from .row import Options, Row, Say
from .site import DATAGRAM_BYTES, FIRST_UID, NETWORKS, Site

_CONNECTIONS = 60_000
_OPENMETRICS = "application/openmetrics-text; version=1.0.0"
_SETTINGS = ("limits: {{accounts: 65536, connections: 131072, series: 10000000}}\n"
             "connections: {{export: {export}, linger: 1s}}\n")
_STALE = 0.11  # seconds; the exporter makes a new snapshot after 0.1
_RENDERED = 60.0  # ms
_COLLECTED = 60.0  # ms
_MEMORY_OF_BYTES = 1.5
_RESIDENT = 64.0  # MB


_SENT = re.compile(r'^pdtt_user_transmit_bytes_total\{uid="(?P<uid>\d+)",user="[^"]*",'
                   r'network="(?P<network>\w+)",protocol="udp"\} (?P<bytes>\d+)$', re.MULTILINE)


@dataclass(frozen=True)
class _Scraped:
    """One scrape, with how long the snapshot took that it waited for."""

    answer: Answer
    collect_ms: float


def run(options: Options, say: Say) -> Iterator[Row]:
    """Rendering alone, then scrapes of the exporter."""
    yield from _rendering(options, say)
    say("making two network namespaces")
    with contextlib.closing(World()) as world:
        yield from _Scrapes(world, options, say).rows()


def _rendering(options: Options, say: Say) -> Iterator[Row]:
    sizes = [(100, 0), (1_000, 0), (10_000, 0), (10_000, 10_000)]
    for users, connections in sizes[2:3] if options.quick else sizes:
        case = f"{users:,} users, {connections:,} connections, rendered in memory"
        say(case)
        lines = run_command(str(options.programs / "pdtt_bench_page"), str(users),
                            str(connections), "3" if options.quick else "11", timeout=120)
        has_target = (users, connections) == (10_000, 0)
        for line in lines.splitlines():
            way = json.loads(line)
            rendered = Row(case, way["way"], way["ms"], "ms",
                           note=f"{way['series']:,} series, {way['sent'] / 1e6:.2f} MB sent, "
                                f"{1e6 * way['ms'] / way['series']:.0f} ns a series")
            memory = Row(case, f"{way['way']}: most memory for it", way["heap"] / 1e6, "MB",
                         note=f"{way['allocations']:,} allocations")
            if has_target and "gzip" not in way["way"]:
                ratio = way["heap"] / way["sent"]
                rendered = _within(rendered, _RENDERED)
                memory = dataclasses.replace(
                    memory, ratio=ratio, target=f"<= {_MEMORY_OF_BYTES:g} x the bytes",
                    met=ratio <= _MEMORY_OF_BYTES)
            yield rendered
            yield memory


class _Scrapes:
    """One exporter, whose site grows."""

    def __init__(self, world: World, options: Options, say: Say) -> None:
        self._options = options
        self._say = say
        self._repeat = 3 if options.quick else 7
        self._site = Site(world, options)
        self._world = world
        self._wire_before = world.host.frames(self._site.link.device)
        self._exporter = Exporter(world, settings=_SETTINGS.format(export=0)).start()
        self._client = Client(self._exporter.port)
        self._usage = ProcessUsage(self._exporter.process.pid)
        self._users = 0

    def rows(self) -> Iterator[Row]:
        """From the smallest site to the largest."""
        self._grow(100)
        yield from self._case(0, 0)
        yield from self._beside_node_exporter()
        self._say(f"making {_CONNECTIONS:,} connections")
        with self._site.hold(_CONNECTIONS):
            self._check_connections()
            for users in (100, 10_000) if self._options.quick else (100, 1_000, 10_000):
                self._grow(users)
                for export in (100,) if self._options.quick else (0, 100, 10_000):
                    yield from self._case(_CONNECTIONS, export)
        self._exporter.stop()

    def _page(self) -> str:
        time.sleep(_STALE)
        return self._client.get().text()

    def _grow(self, users: int) -> None:
        """Makes up the number of users, and sees that each is on the page with all he sent."""
        self._say(f"{users:,} users send to {len(NETWORKS)} networks")
        self._site.add_users(self._users, users - self._users)
        self._users = users
        wanted = {(network, str(uid), str(DATAGRAM_BYTES)) for network in NETWORKS
                  for uid in range(FIRST_UID, FIRST_UID + users)}
        wait_for(lambda: set(_sent_by_many(self._page())) == wanted, "all users on the page")

    def _check_connections(self) -> None:
        """Nothing is missing: connections, nor bytes that the interface counted."""
        wait_for(lambda: _value(self._page(), "pdtt_connections_tracked") == _CONNECTIONS,
                 f"{_CONNECTIONS} connections on the page")
        frames = self._world.host.frames(self._site.link.device) - self._wire_before
        on_wire = self._site.link.ip_bytes(frames.tx_bytes, frames.tx_packets)
        scrape = Scrape(self._page())
        scrape.assert_balanced()
        counted = sum(scrape.sum("pdtt_user_transmit_bytes_total", network=network)
                      for network in NETWORKS if network != "loopback")
        if counted != on_wire:
            raise AssertionError(f"{counted} bytes are counted of {on_wire} on the wire")

    def _case(self, tracked: int, export: int) -> Iterator[Row]:
        case = f"{self._users:,} users, {tracked:,} connections, {export:,} of them exported"
        self._say(case)
        self._export(export)
        self._usage.forget_peak()
        before = self._usage.resident_mb()
        collected: list[float] = []
        text = self._fetch(collected)
        ways = {"text": text,
                "OpenMetrics": self._fetch(collected, _OPENMETRICS),
                "text, gzip": self._fetch(collected, gzip=True),
                "OpenMetrics, gzip": self._fetch(collected, _OPENMETRICS, gzip=True)}
        of_target = tracked == _CONNECTIONS and self._users == 100 and export == 100
        yield _within(Row(case, "collected", statistics.median(collected), "ms"),
                      _COLLECTED if of_target else None)
        for way, answers in ways.items():
            size = len(answers[0].answer.raw) / 1e6
            yield Row(case, f"{way}: rendered and sent",
                      statistics.median(one.answer.ms - one.collect_ms for one in answers), "ms",
                      note=f"{size:.2f} MB; first byte of the scrape after "
                           f"{statistics.median(one.answer.first_ms for one in answers):.1f} ms")
        yield _within(Row(case, "most resident memory", self._usage.peak_mb(), "MB",
                          note=f"{before:.1f} MB before, {self._usage.resident_mb():.1f} after"),
                      _RESIDENT if of_target else None)

    def _export(self, connections: int) -> None:
        self._exporter.write_settings(_SETTINGS.format(export=connections))
        self._exporter.process.send_signal(signal.SIGHUP)
        wait_for(lambda: _value(self._page(), "pdtt_connections_exported") == connections,
                 f"{connections} connections exported")

    def _fetch(self, collected: list[float], accept: str = "text/plain",
               gzip: bool = False) -> list[_Scraped]:
        """Whole scrapes, each with a snapshot of its own; adds the times these took."""
        scraped = []
        for _ in range(self._repeat):
            time.sleep(_STALE)
            answer = self._client.get(accept, gzip)
            collect_ms = 1000 * _value(answer.text(), "pdtt_collect_duration_seconds")
            collected.append(collect_ms)
            scraped.append(_Scraped(answer, collect_ms))
        return scraped

    def _beside_node_exporter(self) -> Iterator[Row]:
        port = free_port()
        node = self._world.start(
            ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        theirs = Client(port)
        wait_for(lambda: _answers(theirs), "node_exporter")
        pairs = []
        for _ in range(5 * self._repeat):
            time.sleep(_STALE)
            pairs.append((theirs.get(), self._client.get()))
        stop(node)
        case = f"{self._users} users, whole scrapes in turn with node_exporter"
        for what, per in (("series", _series), ("kB", lambda page: len(page) / 1000)):
            costs = [[1000 * answer.ms / per(answer.text()) for answer in pair] for pair in pairs]
            ratio = statistics.median(ours / node for node, ours in costs)
            for index, name in enumerate(("node_exporter", "ours")):
                page = pairs[-1][index].text()
                yield Row(case, f"{name}, for each {what}",
                          statistics.median(cost[index] for cost in costs), "us",
                          ratio=ratio if name == "ours" else None,
                          note=f"{statistics.median(pair[index].ms for pair in pairs):.1f} ms: "
                               f"{_series(page):,} series, {len(page) / 1000:.0f} kB")


def _answers(client: Client) -> bool:
    try:
        client.get()
    except OSError:
        return False
    return True


def _within(row: Row, most: float | None) -> Row:
    """The row, held to its target if it has one."""
    if most is None:
        return row
    return dataclasses.replace(row, target=f"<= {most:g} {row.unit}", met=row.value <= most)


def _series(page: str) -> int:
    return sum(not line.startswith("#") for line in page.splitlines())


def _value(page: str, name: str) -> float:
    """Of a family of one sample; pages are large, and these stand at their end."""
    begin = page.rindex(f"\n{name} ") + len(name) + 2
    return float(page[begin:page.index("\n", begin)])


def _sent_by_many(page: str) -> Iterator[tuple[str, ...]]:
    """Network, uid and bytes of what the many users have sent."""
    for match in _SENT.finditer(page):
        if int(match["uid"]) >= FIRST_UID:
            yield match["network"], match["uid"], match["bytes"]
