# SPDX-License-Identifier: Apache-2.0
"""An exporter with a web configuration file, and curl as its client."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from .case import KernelTest
from .exporter import Exporter, Response
from .shell import TIME_FACTOR
from .world import World, wait_for


@dataclass(frozen=True)
class Client:
    """How curl is called: with a CA to trust, a certificate, a password."""

    flags: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class NoAnswer(OSError):
    """curl got no response."""


class WebExporter(Exporter):
    """An exporter whose web configuration can be rewritten."""

    def __init__(self, world: World, web: str, scheme: str, client: Client) -> None:
        self.web_file = world.directory / "web.yml"
        self._scheme = scheme
        self.client = client
        self.write_web(web)
        super().__init__(world, settings=f"web: {{config_file: {self.web_file}}}\n")

    def write_web(self, web: str) -> None:
        """Replaces the web configuration, all at once."""
        new = self.web_file.with_suffix(".new")
        new.write_text(web, encoding="utf-8")
        new.rename(self.web_file)

    def request(self, path: str, method: str = "GET",
                headers: Mapping[str, str] | None = None) -> Response:
        """One request as the client that it was made with."""
        return self.ask(self.client, path, method, headers)

    def ask(self, client: Client, path: str = "/metrics", method: str = "GET",
            headers: Mapping[str, str] | None = None, scheme: str = "") -> Response:
        """One request by curl; NoAnswer if there is no response."""
        argv = ["curl", "--silent", "--show-error", "--noproxy", "*", "--path-as-is",
                "--max-time", str(20 * TIME_FACTOR), "--dump-header", "-", *client.flags]
        for name, value in {**client.headers, **(headers or {})}.items():
            argv += ["--header", f"{name}: {value}"]
        argv += ["--head"] if method == "HEAD" else ["--request", method]
        done = subprocess.run([*argv, f"{scheme or self._scheme}://127.0.0.1:{self.port}{path}"],
                              capture_output=True, timeout=30 * TIME_FACTOR, check=False)
        if done.returncode != 0:
            raise NoAnswer(f"curl: exit {done.returncode}: {done.stderr.decode()}")
        head, _, body = done.stdout.decode("utf-8", errors="replace").partition("\r\n\r\n")
        lines = head.splitlines()
        pairs = [line.partition(": ") for line in lines[1:]]
        return Response(int(lines[0].split()[1]), {name: value for name, _, value in pairs}, body)

    def status(self, client: Client | None = None, path: str = "/metrics") -> int:
        """The status of a response; 0 if there was none."""
        try:
            return self.ask(client or self.client, path).status
        except NoAnswer:
            return 0

    def wait_for_status(self, status: int, client: Client | None = None) -> None:
        """Until what was written is in force."""
        wait_for(lambda: self.status(client) == status, f"status {status}", timeout=5)


class WebTest(KernelTest):
    """A test of what a web configuration does."""

    PROGRAMS: ClassVar[tuple[str, ...]] = ("curl", "openssl", "htpasswd")

    def serve(self, web: str, scheme: str = "http",
              client: Client | None = None) -> WebExporter:
        """Starts an exporter that the end of the test stops; a crash fails the test."""
        exporter = WebExporter(self.world, web, scheme, client or Client())
        exporter.start()
        self.addCleanup(self._stop, exporter)
        return exporter
