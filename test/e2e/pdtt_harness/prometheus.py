# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus that scrapes what a test serves."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any

from .case import KernelTest
from .world import stop, wait_for


class Prometheus:
    """Debian's Prometheus with a configuration, a data folder and a port of its own."""

    def __init__(self, test: KernelTest, jobs: Sequence[str]) -> None:
        """`jobs` are scrape configurations in YAML; returns when one of their targets is up."""
        self._port = test.world.peer.free_port()
        config = test.world.directory / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{', '.join(jobs)}]\n", encoding="utf-8")
        process = test.world.start(
            ["prometheus", f"--config.file={config}",
             f"--storage.tsdb.path={test.world.directory / 'prometheus'}",
             f"--web.listen-address=127.0.0.1:{self._port}", "--log.level=warn"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        test.addCleanup(stop, process)
        wait_for(self._answers, "Prometheus answering", timeout=30)

    def _answers(self) -> bool:
        try:
            return bool(self.query("up == 1"))
        except OSError:
            return False

    def query(self, expression: str) -> list[Any]:
        """An instant query."""
        url = (f"http://127.0.0.1:{self._port}/api/v1/query?" +
               urllib.parse.urlencode({"query": expression}))
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(url, timeout=10) as answer:
            result: list[Any] = json.load(answer)["data"]["result"]
            return result
