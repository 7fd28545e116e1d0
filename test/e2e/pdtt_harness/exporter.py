# SPDX-License-Identifier: Apache-2.0
"""The exporter under test: started, scraped, watched, stopped."""

import http.client
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .netns import Namespace, connect_to, free_port
from .scrape import Scrape, Value
from .shell import TIME_FACTOR
from .world import World, wait_for

# Sanitizer reports must not pass as an ordinary exit.
_SANITIZER_EXIT = 66
_SANITIZERS = {
    "ASAN_OPTIONS": f"exitcode={_SANITIZER_EXIT}:detect_leaks=1",
    "UBSAN_OPTIONS": f"halt_on_error=1:exitcode={_SANITIZER_EXIT}:print_stacktrace=1",
    "TSAN_OPTIONS": f"exitcode={_SANITIZER_EXIT}:halt_on_error=1",
}


def binary() -> Path:
    """The executable under test."""
    return Path(os.environ["PDTT_EXPORTER"])


def environment() -> Mapping[str, str]:
    """The environment the executable runs in."""
    return os.environ | _SANITIZERS


@dataclass(frozen=True)
class Response:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: str


class Exporter:
    """A running exporter that watches the world's cgroup."""

    def __init__(self, world: World, flags: Sequence[str] = (), settings: str = "",
                 inside: bool = False, cgroup: str = "", command: Sequence[str] = ()) -> None:
        """`settings` is YAML; `inside` starts it in the users' namespace.

        `cgroup` is what it watches if that is not the world's: "auto" is the whole host.
        `command` starts the executable in surroundings of its own.
        """
        self._world = world
        self.killed = False
        self._namespace: Namespace | None = world.host if inside else None
        self.port = free_port(self._namespace)
        self._always = (f"cgroup: {cgroup or world.cgroup.path}\n"
                        "collector: {max_age: 100ms}\n")
        self.config = world.directory / f"exporter-{self.port}.yml"
        self.write_settings(settings)
        self.log = world.directory / f"exporter-{self.port}.log"
        argv = [*(command or (str(binary()),)), f"--config.file={self.config}",
                f"--web.listen-address=127.0.0.1:{self.port}", *flags]
        if inside:
            argv = ["nsenter", f"--net={world.host.path}", *argv]
        with self.log.open("wb") as log:
            self.process = world.start(argv, stdout=log, stderr=subprocess.STDOUT,
                                       env=environment())

    def write_settings(self, settings: str) -> None:
        """Replaces its configuration file, all at once as an editor would."""
        new = self.config.with_suffix(".new")
        new.write_text(self._always + settings, encoding="utf-8")
        new.rename(self.config)

    def reload(self) -> bool:
        """Has it read its configuration file again; whether that was taken over."""
        successes, failures = self._reloads()
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self._reloads() != (successes, failures), "the reload",
                 timeout=15)
        return self._reloads()[0] != successes

    def _reloads(self) -> tuple[Value, int]:
        """The time of the last success, and the number of failures."""
        scrape = self.scrape()
        return (scrape.value("pdtt_config_last_reload_success_timestamp_seconds"),
                self.log_text().count('msg="configuration not reloaded"'))

    def start(self) -> "Exporter":
        """Waits until it counts."""
        wait_for(self._is_ready, "exporter ready", timeout=15)
        return self

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the exporter ended with {self.process.returncode}: "
                                 f"{self.log_text()}")
        try:
            return self.request("/-/ready").status == 200
        except OSError:
            return False

    def log_text(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def request(self, path: str, method: str = "GET",
                headers: Mapping[str, str] | None = None) -> Response:
        """One HTTP request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * TIME_FACTOR)
        connection.sock = connect_to(self.port, self._namespace, 20 * TIME_FACTOR)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", errors="replace")
            return Response(answer.status, dict(answer.getheaders()), body)
        finally:
            connection.close()

    def scrape(self) -> Scrape:
        """The current metrics; a scrape that does not balance fails the test."""
        answer = self.request("/metrics")
        if answer.status != 200:
            raise AssertionError(f"/metrics answered {answer.status}: {answer.body}")
        scrape = Scrape(answer.body)
        scrape.assert_balanced()
        return scrape

    def scrape_fresh(self) -> Scrape:
        """The metrics of a snapshot that was begun after this call.

        A name is looked up when its user is first seen, and a snapshot does not wait for it.
        """
        called = time.time()

        def fresh() -> Scrape | None:
            scrape = self.scrape()
            if scrape.value("pdtt_snapshot_timestamp_seconds") <= called:
                return None
            return scrape if self._are_named(scrape) else None

        found: Scrape = wait_for(fresh, "a fresh snapshot", timeout=10)
        return found

    def _are_named(self, scrape: Scrape) -> bool:
        uids = {str(user.uid) for user in self._world.users}
        return not any(labels["uid"] in uids and labels["user"] == labels["uid"]
                       for labels, _ in scrape.series("pdtt_user_connections"))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends it with a signal; anything but a clean exit fails the test."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=15 * TIME_FACTOR)
        if status != 0:
            raise AssertionError(f"exit {status} after {number.name}: {self.log_text()}")


    def kill(self) -> None:
        """Ends it as a crash would: nothing of it runs any more."""
        self.killed = True
        self.process.kill()
        self.process.wait()


class Watcher:
    """Scrapes in the background while traffic flows: each scrape must keep the balance."""

    def __init__(self, exporter: Exporter, interval: float = 0.1) -> None:
        self._exporter = exporter
        self._interval = interval
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self.scrapes: list[Scrape] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._failure is not None and kind is None:
            raise self._failure

    def _watch(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                self.scrapes.append(self._exporter.scrape())
            except BaseException as failure:
                self._failure = failure
                return
