# SPDX-License-Identifier: Apache-2.0
"""The shipped rules in a hurry: Debian's Prometheus and Alertmanager, and a webhook."""

import json
import re
import subprocess
import tempfile
import threading
import urllib.request
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .case import KernelTest
from .netns import free_port
from .prometheus import Prometheus, job
from .world import stop, wait_for

_SHIPPED = Path(__file__).parents[3] / "deploy" / "prometheus"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# Minutes become seconds, and 250 MB/s what a test can send without keeping others from working.
_HURRY = ((r"\[5m\]", "[15s]"), (r"(?m)^( +for: )\d+m$", r"\g<1>2s"),
          (r"interval: 2m", "interval: 1s"), (r"> 250e6\b", "> 1e6"))
_HURRIED_ROUTES = ((r"(group_wait|group_interval): \w+", r"\1: 1s"),)


@dataclass(frozen=True)
class Notice:
    """One alert in one message to a webhook."""

    receiver: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]


class Webhook:
    """Takes what Alertmanager sends; its receivers are told apart by the path."""

    def __init__(self, test: KernelTest) -> None:
        self.notices: list[Notice] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            """One message."""

            def do_POST(self) -> None:
                """Keeps the alerts of the message."""
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                webhook.notices += [
                    Notice(self.path.strip("/"), alert["status"], alert["labels"],
                           alert["annotations"]) for alert in message["alerts"]]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        test.addCleanup(server.server_close)
        test.addCleanup(thread.join)
        test.addCleanup(server.shutdown)

    def wait_for(self, alert: str, status: str, timeout: float) -> Notice:
        """The first notice about an alert with a status."""
        def arrived() -> Notice | None:
            return next((notice for notice in list(self.notices) if notice.status == status
                         and notice.labels["alertname"] == alert), None)

        found: Notice = wait_for(arrived, f"{alert} {status} at the webhook", timeout)
        return found


class Alertmanager:
    """Debian's Alertmanager with the shipped routes."""

    def __init__(self, test: KernelTest, webhook: Webhook) -> None:
        self.port = free_port()
        folder = Path(tempfile.mkdtemp(dir=test.world.directory))
        config = folder / "alertmanager.yml"
        config.write_text(_changed(
            _SHIPPED / "alertmanager.yml",
            (*_HURRIED_ROUTES, (r"127\.0\.0\.1:9095", f"127.0.0.1:{webhook.port}"))),
            encoding="utf-8")
        process = test.world.start(
            ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
             "--log.level=warn"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        test.addCleanup(stop, process)
        wait_for(lambda: _answers(f"http://127.0.0.1:{self.port}/-/ready"), "Alertmanager",
                 timeout=30)


def hurried_prometheus(test: KernelTest, exporter_port: int,
                       alertmanager: Alertmanager) -> Prometheus:
    """Debian's Prometheus with the shipped rules."""
    folder = Path(tempfile.mkdtemp(dir=test.world.directory))
    for rules in sorted((_SHIPPED / "rules").glob("*.yml")):
        (folder / rules.name).write_text(_changed(rules, _HURRY), encoding="utf-8")
    return Prometheus(test.world, test.addCleanup, {
        "rule_files": [f"{folder}/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [
            {"targets": [f"127.0.0.1:{alertmanager.port}"]}]}]},
        "scrape_configs": [job("pdtt", {"login1": f"127.0.0.1:{exporter_port}"},
                               {"role": "login"})],
    })


def _changed(file: Path, changes: tuple[tuple[str, str], ...]) -> str:
    """The text of a shipped file after replacements."""
    text = file.read_text(encoding="utf-8")
    for pattern, replacement in changes:
        text = re.sub(pattern, replacement, text)
    return text


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
