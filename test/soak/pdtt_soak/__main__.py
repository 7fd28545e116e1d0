# SPDX-License-Identifier: Apache-2.0
"""Load, reloads, restarts, and an eye on every scrape; a table at the end."""

import argparse
import itertools
import os
import subprocess
import sys
import threading
import time

from pdtt_harness import kernel
from pdtt_harness.case import end_on_signals
from pdtt_harness.exporter import Exporter, binary
from pdtt_harness.monotonic import Monotonic
from pdtt_harness.scrape import Scrape
from pdtt_harness.world import World

from .load import Load

_SCRAPE_INTERVAL = 1.0
_RELOAD_INTERVAL = 3.0
_RESTART_INTERVAL = 20.0
_LIMITS = "limits: {{accounts: 64, connections: 256, series: {series}}}\n"


class Soak:
    """One exporter after the other, or one only, and what its scrapes said."""

    def __init__(self, world: World, persist: bool) -> None:
        self._world = world
        self._persist = persist
        self._pins = f"/sys/fs/bpf/pdtt-soak-{os.getpid()}"
        self._settings = itertools.cycle(self._all_settings())
        self._monotonic = Monotonic()
        self._lock = threading.Lock()  # reloads and restarts happen between two scrapes
        self._ended = threading.Event()
        self.failure: BaseException | None = None
        self.counts = {"scrapes": 0, "reloads": 0, "restarts": 0}
        self._exporter = self._start()
        self.first = self._scrape()
        self.last = self.first
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _all_settings(self) -> list[str]:
        exclude = f"users: {{exclude: [{self._world.bob.name}]}}\n"
        # Whose bytes were excluded once is not kept over a restart: nobody leaves the list then.
        return [_LIMITS.format(series=2000) + (exclude if self._persist else ""),
                _LIMITS.format(series=500) + "connections: {export: 50, linger: 1s}\n" + exclude]

    def _start(self) -> Exporter:
        flags = ["--persist", f"--pin-path={self._pins}"] if self._persist else []
        return Exporter(self._world, flags, next(self._settings)).start()

    def _watch(self) -> None:
        try:
            while not self._ended.wait(_SCRAPE_INTERVAL):
                with self._lock:
                    self._scrape()
        except BaseException as failure:
            self.failure = failure

    def _scrape(self) -> Scrape:
        self.last = self._monotonic.check(self._exporter.scrape())
        self.counts["scrapes"] += 1
        return self.last

    def reload(self) -> None:
        """Other settings, the same exporter."""
        with self._lock:
            self._exporter.write_settings(next(self._settings))
            if not self._exporter.reload():
                raise AssertionError(f"not reloaded: {self._exporter.log_text()[-2000:]}")
            self._monotonic.forget_user(self._world.bob.uid)  # he may be excluded now
            self._scrape()
            self.counts["reloads"] += 1

    def restart(self) -> None:
        """kill -9, and a new exporter that goes on."""
        with self._lock:
            self._exporter.process.kill()
            self._exporter.process.wait()
            self._exporter = self._start()
            self._monotonic.forget_process()
            self._scrape()
            self.counts["restarts"] += 1

    def end(self) -> None:
        """The last scrape, and a clean exit."""
        self._ended.set()
        self._thread.join()
        if self.failure is None:
            self._scrape()
            self._exporter.stop()

    def clean_up(self) -> None:
        """Takes out of the kernel what outlives the exporter."""
        self._ended.set()
        self._thread.join()
        if self._persist:
            self._exporter.process.kill()
            self._exporter.process.wait()
            subprocess.run([binary(), "detach", f"--pin-path={self._pins}"], check=False,
                           stdout=subprocess.DEVNULL)


def run(soak: Soak, load: Load, seconds: float, persist: bool) -> None:
    """Reloads and restarts until the time is over or something is wrong."""
    begin = time.monotonic()
    reload_at, restart_at = begin + _RELOAD_INTERVAL, begin + _RESTART_INTERVAL
    while time.monotonic() < begin + seconds:
        for failure in (soak.failure, load.failure):
            if failure is not None:
                raise failure
        if time.monotonic() >= reload_at:
            soak.reload()
            reload_at = time.monotonic() + _RELOAD_INTERVAL
        if persist and time.monotonic() >= restart_at:
            soak.restart()
            restart_at = time.monotonic() + _RESTART_INTERVAL
        time.sleep(0.1)


def print_table(first: Scrape, last: Scrape) -> None:
    """The exporter's own needs and the balance, at the start and at the end."""
    def both(metric: str) -> list[float]:
        return [scrape.sum(metric) for scrape in (first, last)]

    def bytes_of(whose: str) -> list[float]:
        received, sent = (both(f"pdtt_{whose}_{direction}_bytes_total")
                          for direction in ("receive", "transmit"))
        return [a + b for a, b in zip(received, sent)]

    host, *parts = (bytes_of(whose) for whose in ("host", "user", "excluded", "unattributed"))
    rows = [("resident memory, MB", [x / 1e6 for x in both("process_resident_memory_bytes")], 1),
            ("open descriptors", both("process_open_fds"), 0),
            ("threads", both("process_threads"), 0),
            ("CPU seconds", both("process_cpu_seconds_total"), 2),
            ("bytes of the host", host, 0),
            ("bytes of users", parts[0], 0),
            ("bytes of excluded users", parts[1], 0),
            ("bytes of nobody", parts[2], 0),
            ("balance", [sum(part[i] for part in parts) - host[i] for i in (0, 1)], 0),
            ("refused by full tables", both("pdtt_map_insert_failures_total"), 0),
            ("errors", both("pdtt_collect_errors_total"), 0)]
    print(f"{'':28}{'start':>16}{'end':>16}")
    for name, values, digits in rows:
        print(f"{name:28}" + "".join(f"{value:16,.{digits}f}" for value in values))


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="test/soak/run.sh")
    parser.add_argument("--persist", action="store_true")
    parser.add_argument("minutes", nargs="?", type=float, default=10.0)
    arguments = parser.parse_args()
    reason = kernel.why_not()
    if reason:
        print(f"not here: {reason}")
        return 1
    end_on_signals()
    world = World()
    try:
        soak = Soak(world, arguments.persist)
        try:
            load = Load(world)
            try:
                run(soak, load, arguments.minutes * 60, arguments.persist)
            finally:
                load.end()
            soak.end()
        finally:
            soak.clean_up()
            print_table(soak.first, soak.last)
        print(", ".join(f"{count} {what}" for what, count in soak.counts.items()))
        print(", ".join(f"{count} x {what}" for what, count in load.rounds.items()))
    except AssertionError as failure:
        print(f"wrong: {failure}")
        return 1
    finally:
        world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
