# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus: it scrapes what a test serves, evaluates rules and answers queries."""

import http.client
import json
import subprocess
import tempfile
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .netns import Namespace, connect_to, free_port
from .shell import TIME_FACTOR
from .world import World, stop, wait_for


class QueryError(RuntimeError):
    """What Prometheus has against a query."""


class Prometheus:
    """A Prometheus with a configuration, a data folder and a port of its own."""

    def __init__(self, world: World, clean_up: Callable[..., Any], config: Mapping[str, Any],
                 namespace: Namespace | None = None, port: int = 0) -> None:
        """Returns when it answers; `clean_up` is told how to end it, as TestCase.addCleanup is.

        It runs in this network namespace unless another one is given; scrapes each second.
        """
        self._namespace = namespace
        self._port = port or free_port(namespace)
        folder = Path(tempfile.mkdtemp(dir=world.directory))
        file = folder / "prometheus.json"  # it reads YAML, of which JSON is a part
        file.write_text(json.dumps(
            {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}} | dict(config)),
            encoding="utf-8")
        start = world.as_peer if namespace is world.peer else world.start
        process = start(
            ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{self._port}", "--log.level=warn"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        clean_up(stop, process)
        wait_for(self._answers, "Prometheus answering", timeout=30)

    def _answers(self) -> bool:
        try:
            self.instant("vector(1)")
            return True
        except (OSError, ValueError):  # it does not listen yet, or says in words that it starts
            return False

    def wait_for_targets(self, number: int) -> None:
        """Waits until so many targets are up."""
        wait_for(lambda: len(self.instant("up == 1")) == number, f"{number} targets scraped",
                 timeout=30)

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

    def rules(self) -> list[dict[str, Any]]:
        """Every rule, with its health and what went wrong with it."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _result(self, path: str, **parameters: str) -> list[Any]:
        result: list[Any] = self._get(path, **parameters)["result"]
        return result

    def _get(self, path: str, **parameters: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20 * TIME_FACTOR)
        connection.sock = connect_to(self._port, self._namespace, 20 * TIME_FACTOR)
        try:
            connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
            answer = json.load(connection.getresponse())
        finally:
            connection.close()
        if answer["status"] != "success":
            raise QueryError(f"{answer['error']}: {parameters}")
        return answer["data"]


def job(name: str, targets: Mapping[str, str], labels: Mapping[str, str] | None = None,
        **settings: Any) -> dict[str, Any]:
    """A scrape configuration; `targets` are addresses by what `instance` is to be."""
    return {"job_name": name, "static_configs": [
        {"targets": [target], "labels": {"instance": instance, **(labels or {})}}
        for instance, target in targets.items()]} | settings
