# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus on the peers' side: it scrapes the hosts and answers queries."""

import contextlib
import http.client
import json
import socket
import subprocess
import urllib.parse
from collections.abc import Mapping
from typing import Any

from .shell import TIME_FACTOR
from .world import World, stop, wait_for


class QueryError(RuntimeError):
    """What Prometheus has against a query."""


class PrometheusServer:
    """A Prometheus with a job for the hosts, which are called by names instead of addresses.

    It has another job, as everybody's has: itself, and a target that does not answer.
    """

    def __init__(self, world: World, stack: contextlib.ExitStack, job: str,
                 targets: Mapping[str, str]) -> None:
        """The end of `stack` ends it."""
        self._peer = world.peer
        self._port = self._peer.free_port()
        # Prometheus reads YAML, of which JSON is a part.
        config = world.directory / "prometheus.json"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [
                {"job_name": job, "static_configs": [
                    {"targets": [target], "labels": {"instance": name}}
                    for name, target in targets.items()]},
                {"job_name": "other", "static_configs": [
                    {"targets": [f"127.0.0.1:{self._port}", "127.0.0.1:1"]}]}]}),
            encoding="utf-8")
        process = world.as_peer(
            ["prometheus", f"--config.file={config}",
             f"--storage.tsdb.path={world.directory / 'prometheus'}",
             f"--web.listen-address=127.0.0.1:{self._port}", "--log.level=warn"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(stop, process)
        wait_for(lambda: self._scraped(len(targets) + 1), "Prometheus scraping", timeout=30)

    def _scraped(self, targets: int) -> bool:
        try:
            return len(self.instant("up == 1")) == targets
        except (OSError, ValueError):  # it does not listen yet, or says in words that it starts
            return False

    def instant(self, expression: str, time: float | None = None) -> list[Any]:
        """The series of an expression at one time."""
        at = {} if time is None else {"time": f"{time:.3f}"}
        return self._result("query", query=expression, **at)

    def over(self, expression: str, start: float, end: float) -> list[Any]:
        """The series of an expression over a range, with a point for each second."""
        return self._result("query_range", query=expression, start=f"{start:.3f}",
                            end=f"{end:.3f}", step="1")

    def label_values(self, label: str, selector: str) -> list[str]:
        """The values of a label among the series of a selector."""
        values: list[str] = self._get(f"label/{label}/values", **{"match[]": selector})
        return values

    def _result(self, path: str, **parameters: str) -> list[Any]:
        result: list[Any] = self._get(path, **parameters)["result"]
        return result

    def _get(self, path: str, **parameters: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20 * TIME_FACTOR)
        with self._peer.entered():
            connection.sock = socket.create_connection(("127.0.0.1", self._port),
                                                       timeout=20 * TIME_FACTOR)
        try:
            connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
            answer = json.load(connection.getresponse())
        finally:
            connection.close()
        if answer["status"] != "success":
            raise QueryError(f"{answer['error']}: {parameters}")
        return answer["data"]
