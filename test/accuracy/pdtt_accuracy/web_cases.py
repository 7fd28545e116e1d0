# SPDX-License-Identifier: Apache-2.0
"""The web: alice fetches from nginx on the peer's side, and nginx serves on the users' side."""

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pdtt_harness import shell
from pdtt_harness.netns import Namespace
from pdtt_harness.programs import Moved
from pdtt_harness.users import TestUser
from pdtt_harness.world import World, finish

from .case import LOOPBACK, SIZE, Case, alice
from .serving import serving, serving_peers, users_client

_WORKER = "www-data"

_CONFIG = """\
daemon off;
pid {directory}/pid;
error_log stderr;
worker_processes 2;
{user}
events {{ worker_connections 64; }}
http {{
  access_log off;
  sendfile on;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen {http};
    listen [::]:{http};
    listen {https} ssl;
    listen [::]:{https} ssl;
    ssl_certificate {directory}/certificate;
    ssl_certificate_key {directory}/key;
    root {directory}/www;
  }}
}}
"""


@dataclass(frozen=True)
class Server:
    """The ports of an nginx that serves SIZE bytes as /file."""

    http: int
    https: int
    argv: Sequence[str]

    def url(self, scheme: str, address: str) -> str:
        """Where the file is."""
        host = f"[{address}]" if ":" in address else address
        return f"{scheme}://{host}:{self.https if scheme == 'https' else self.http}/file"


@contextlib.contextmanager
def _configured(world: World, side: Namespace, owner: TestUser | None) -> Iterator[Server]:
    """What nginx needs to run on that side, as that user or, for root, with workers of its own."""
    with tempfile.TemporaryDirectory(dir=world.directory) as name:
        directory = Path(name)
        directory.chmod(0o755)
        (directory / "www").mkdir()
        (directory / "www" / "file").write_bytes(os.urandom(SIZE))
        shell.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=test",
                  "-keyout", str(directory / "key"), "-out", str(directory / "certificate"))
        if owner:
            shell.run("chown", "-R", owner.name, str(directory))
        config = directory / "nginx.conf"
        http, https = side.free_port(), side.free_port()
        config.write_text(_CONFIG.format(directory=directory, http=http, https=https,
                                         user="" if owner else f"user {_WORKER};"),
                          encoding="utf-8")
        yield Server(http, https, ["nginx", "-c", str(config), "-e", "stderr",
                                   "-p", str(directory)])


@contextlib.contextmanager
def nginx_on_peer(world: World) -> Iterator[Server]:
    """nginx on the peers' side."""
    with _configured(world, world.peer, None) as server:
        with serving_peers(world, server.https, server.argv):
            yield server


@contextlib.contextmanager
def _nginx(world: World, owner: TestUser | None = None) -> Iterator[Server]:
    """nginx on the users' side: as that user, or as root with workers of www-data."""
    with (_configured(world, world.host, owner) as server,
          serving(world, server.https, server.argv, owner)):
        yield server


def curl(url: str) -> Sequence[str]:
    """Fetches and reports in JSON; the certificate is our own."""
    return ["curl", "--silent", "--show-error", "--fail", "--insecure", "--noproxy", "*",
            "--output", "/dev/null", "--write-out", "%{json}", url]


def wget(url: str) -> Sequence[str]:
    """Fetches and says nothing."""
    return ["wget", "--quiet", "--no-check-certificate", "--no-proxy", "--no-config",
            "--output-document", "/dev/null", url]


def _exact(process: subprocess.Popen[Any]) -> tuple[int, int]:
    """Waits for curl; what it says it sent and received."""
    figures = json.loads(finish(process))
    return (figures["size_request"] + figures["size_upload"],
            figures["size_header"] + figures["size_download"])


def _curl(world: World, scheme: str, family: int) -> Moved:
    with nginx_on_peer(world) as server:
        url = server.url(scheme, world.links[0].peer(family))
        sent, received = _exact(world.as_user(world.alice, curl(url)))
    return Moved(sent, received, 1)


def _wget(world: World, scheme: str) -> Moved:
    with nginx_on_peer(world) as server:
        url = server.url(scheme, world.links[0].peer4)
        users_client(world, world.alice, *wget(url))
    return Moved(0, SIZE, 1)


def _serve(world: World, scheme: str) -> Moved:
    """A master of root opens the port, workers of www-data serve."""
    with _nginx(world) as server:
        received, sent = _exact(world.as_peer(curl(server.url(scheme, world.links[0].host4))))
    return Moved(sent, received, 1)


def _over_loopback(world: World, family: int) -> Moved:
    """alice's nginx serves alice."""
    with _nginx(world, world.alice) as server:
        url = server.url("http", LOOPBACK[family])
        moved = sum(_exact(world.as_user(world.alice, curl(url))))
    return Moved(moved, moved, 2)


def _www_data(_: World) -> str:
    return _WORKER


_CURL, _WGET = ("curl", "nginx", "openssl"), ("wget", "nginx", "openssl")

CASES: Sequence[Case] = (
    *(Case(f"curl, {scheme} over IPv{family}", alice,
           partial(_curl, scheme=scheme, family=family), _CURL)
      for scheme in ("http", "https") for family in (4, 6)),
    *(Case(f"wget, {scheme}", alice, partial(_wget, scheme=scheme), _WGET)
      for scheme in ("http", "https")),
    Case("nginx serving http with sendfile", _www_data, partial(_serve, scheme="http"), _CURL),
    Case("nginx serving https", _www_data, partial(_serve, scheme="https"), _CURL),
    *(Case(f"curl from nginx over loopback, IPv{family}", alice,
           partial(_over_loopback, family=family), _CURL, loopback=True) for family in (4, 6)),
)
