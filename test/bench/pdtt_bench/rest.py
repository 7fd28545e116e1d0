# SPDX-License-Identifier: Apache-2.0
"""What the exporter takes while it is left alone, scraped, and while connections come and go."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pdtt_harness.exporter import Exporter
from pdtt_harness.scrape import Scrape
from pdtt_harness.world import World, wait_for

from .http_timing import Client
from .process_usage import ProcessUsage
from .row import Options, Row, Say
from .site import Site

_LIVE = (0, 1_000, 60_000)
_RATE = 2_000  # new connections each second
_IDLE_CPU = 0.1  # % of a core
_IDLE_RESIDENT = 20.0  # MB


def run(options: Options, say: Say) -> Iterator[Row]:
    """At rest with more and more connections, then under load."""
    say("making two network namespaces")
    with contextlib.closing(World()) as world:
        site = Site(world, options)
        yield from _at_rest(world, site, options, say)
        yield from _under_load(world, site, options, say)


def _at_rest(world: World, site: Site, options: Options, say: Say) -> Iterator[Row]:
    exporter = Exporter(world).start()
    for live in _LIVE[:2] if options.quick else _LIVE:
        say(f"{live:,} live connections")
        with site.hold(live) if live else contextlib.nullcontext():
            wait_for(lambda: _open_connections(exporter, world.alice.uid) == live,
                     f"{live} connections open")
            time.sleep(1)  # what the scrapes above were given is returned
            yield from _idle(exporter, live, 2 if options.quick else 15)
            yield from _scraped(exporter, live, 1 if options.quick else 8)
    exporter.stop()


def _open_connections(exporter: Exporter, uid: int) -> float:
    return exporter.scrape().sum("pdtt_user_connections", uid=str(uid), protocol="tcp")


def _idle(exporter: Exporter, live: int, seconds: float) -> Iterator[Row]:
    case = f"{live:,} live connections, left alone"
    usage = ProcessUsage(exporter.process.pid)
    is_target = live == 0
    cpu = _cpu_percent(usage, lambda: time.sleep(seconds))
    yield Row(case, "processor", cpu, "% of a core",
              target=f"<= {_IDLE_CPU:g} %" if is_target else "",
              met=cpu <= _IDLE_CPU if is_target else None, note=f"over {seconds:g} s")
    resident = usage.resident_mb()
    yield Row(case, "resident memory", resident, "MB",
              target=f"<= {_IDLE_RESIDENT:g} MB" if is_target else "",
              met=resident <= _IDLE_RESIDENT if is_target else None,
              note=f"{usage.proportional_mb():.1f} MB of its own share, "
                   f"{usage.peak_mb():.1f} MB at most since it started")


def _scraped(exporter: Exporter, live: int, scrapes: int) -> Iterator[Row]:
    usage = ProcessUsage(exporter.process.pid)
    client = Client(exporter.port)

    def scrape() -> None:
        for _ in range(scrapes):
            begin = time.monotonic()
            client.get()
            time.sleep(max(0.0, begin + 1 - time.monotonic()))

    cpu = _cpu_percent(usage, scrape)
    yield Row(f"{live:,} live connections, scraped", "processor time for each scrape", 10 * cpu,
              "ms", note=f"every 15 s: {cpu / 15:.2f} % of a core; "
                         f"{usage.resident_mb():.1f} MB resident")


def _under_load(world: World, site: Site, options: Options, say: Say) -> Iterator[Row]:
    seconds = 2 if options.quick else 15
    count = _RATE * seconds
    say(f"{_RATE:,} new connections each second")
    records = world.directory / "records"
    exporter = Exporter(world, settings=f"records: {{file: {records}}}\n").start()
    usage = ProcessUsage(exporter.process.pid)
    usage.forget_peak()
    took = 0.0

    def churn() -> None:
        nonlocal took
        with _ScrapedEachSecond(exporter):
            took = site.churn(_RATE, count)

    cpu = _cpu_percent(usage, churn)
    case = f"{_RATE:,} new connections each second, scraped each second"
    rate = count / took
    yield Row(case, "rate that was reached", rate, "1/s", target=f">= {0.95 * _RATE:,.0f}/s",
              met=rate >= 0.95 * _RATE)
    yield Row(case, "processor", cpu, "% of a core", note=f"over {took:.1f} s, with records")
    yield Row(case, "most resident memory", usage.peak_mb(), "MB")
    _check_nothing_lost(exporter, world.bob.uid, count, records)
    exporter.stop()


def _check_nothing_lost(exporter: Exporter, uid: int, count: int, records: Path) -> None:
    """Every connection was opened and closed once, and has its record."""
    labels = {"uid": str(uid), "protocol": "tcp"}

    def settled() -> Scrape | None:
        scrape = exporter.scrape_fresh()
        closed = scrape.sum("pdtt_user_connections_closed_total", **labels)
        return scrape if closed >= count and _lines(records) >= count else None

    scrape = wait_for(settled, f"{count} connections closed and recorded", timeout=20)
    found = {"opened": scrape.sum("pdtt_user_connections_opened_total", **labels),
             "closed": scrape.sum("pdtt_user_connections_closed_total", **labels),
             "open": scrape.sum("pdtt_user_connections", **labels),
             "records": _lines(records),
             "lost": scrape.sum("pdtt_map_insert_failures_total")}
    wanted = {"opened": count, "closed": count, "open": 0, "records": count, "lost": 0}
    if found != wanted:
        raise AssertionError(f"{found}, not {wanted}")


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _cpu_percent(usage: ProcessUsage, work: Callable[[], None]) -> float:
    """Of a core, while `work` runs."""
    cpu, begin = usage.cpu_seconds(), time.monotonic()
    work()
    return 100 * (usage.cpu_seconds() - cpu) / (time.monotonic() - begin)


class _ScrapedEachSecond:
    """Scrapes in the background."""

    def __init__(self, exporter: Exporter) -> None:
        self._client = Client(exporter.port)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(1):
            self._client.get()
