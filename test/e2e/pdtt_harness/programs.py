# SPDX-License-Identifier: Apache-2.0
"""Real programs that move data, and what they themselves say they moved."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .netns import Link, Namespace
from .users import TestUser
from .world import World, finish, wait_for

# nc may put two or three reads into one datagram: three still fit a frame.
_NETCAT_MESSAGE_BYTES = 480
_NETCAT_RATE = 60e6  # bytes/s
# What iperf3 says over its control connection and at the start of a stream: kilobytes.
_IPERF3_EXTRA_BYTES = 16384
# In reverse, blocks that arrive when the test is over are received, but not reported. The sender
# writes up to ten blocks of 128 KiB at a time. nc and curl are held to the byte.
_IPERF3_LATE_BYTES = 10 * 131072


@dataclass
class Moved:
    """Payload that a program on the users' side says it moved."""

    sent: int
    received: int
    connections: int
    extra: int = 0  # what the program may have moved beyond that without saying so
    lossy: bool = False  # datagrams: the sender's figure, of which some may be lost


def is_listening(namespace: Namespace, port: int, protocol: str = "tcp") -> bool:
    """Whether a socket in the namespace is bound to the port."""
    kind = "-lntH" if protocol == "tcp" else "-lnuH"
    return bool(namespace.run("ss", kind, f"sport = :{port}").strip())


def wait_listening(namespace: Namespace, port: int, protocol: str = "tcp") -> None:
    """Waits until the port is open."""
    wait_for(lambda: is_listening(namespace, port, protocol), f"{protocol} port {port} open")


class Nginx:
    """nginx on the peers' side with a configuration of its own, serving one big file."""

    def __init__(self, world: World, port: int, size: int) -> None:
        self.port = port
        root = world.directory / "www"
        root.mkdir(exist_ok=True)
        with (root / "file").open("wb") as file:
            file.truncate(size)
        config = world.directory / f"nginx-{port}.conf"
        config.write_text(_NGINX_CONFIG.format(port=port, directory=world.directory, root=root),
                          encoding="utf-8")
        self.process = world.as_peer(["nginx", "-c", str(config), "-e", "stderr",
                                      "-p", str(world.directory)])
        wait_listening(world.peer, port)


_NGINX_CONFIG = """\
daemon off;
master_process off;
pid {directory}/nginx-{port}.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  sendfile on;
  client_body_temp_path {directory}/nginx-body;
  proxy_temp_path {directory}/nginx-proxy;
  fastcgi_temp_path {directory}/nginx-fastcgi;
  uwsgi_temp_path {directory}/nginx-uwsgi;
  scgi_temp_path {directory}/nginx-scgi;
  server {{
    listen {port};
    listen [::]:{port};
    root {root};
  }}
}}
"""


class Curl:
    """curl fetching nginx's file; it reports header and body bytes to the byte."""

    def __init__(self, world: World, user: TestUser, address: str, port: int,
                 rate: str = "0") -> None:
        """`rate` is bytes/s, as for curl's --limit-rate; 0: as fast as it goes."""
        host = f"[{address}]" if ":" in address else address
        self._process = world.as_user(user, [
            "curl", "--silent", "--show-error", "--fail", "--noproxy", "*",
            "--limit-rate", rate,
            "--output", "/dev/null", "--write-out", "%{json}", f"http://{host}:{port}/file"])

    def is_running(self) -> bool:
        """Whether there is still something to move."""
        return self._process.poll() is None

    def finish(self) -> Moved:
        """Waits; returns the exact payload of the connection."""
        report = json.loads(finish(self._process))
        return Moved(report["size_request"] + report["size_upload"],
                     report["size_header"] + report["size_download"], 1)


class Iperf3:
    """One iperf3 run of a user against a server on the peers' side."""

    def __init__(self, world: World, user: TestUser, address: str, port: int,
                 options: Sequence[str]) -> None:
        self._server = world.as_peer(["iperf3", "--server", "--one-off", "--port", str(port)])
        wait_listening(world.peer, port)
        self._client = world.as_user(user, [
            "iperf3", "--client", address, "--port", str(port), "--json", *options])

    def finish(self) -> Moved:
        """Waits; returns the payload of the data stream, without the control connection."""
        report = json.loads(finish(self._client))
        finish(self._server)
        stream: dict[str, Any] = report["end"]["streams"][0]
        reverse = bool(report["start"]["test_start"]["reverse"])
        moved = stream["udp"] if "udp" in stream else stream["receiver" if reverse else "sender"]
        sent, received = (0, moved["bytes"]) if reverse else (moved["bytes"], 0)
        extra = _IPERF3_EXTRA_BYTES + (_IPERF3_LATE_BYTES if reverse else 0)
        return Moved(sent, received, 2, extra, reverse and "udp" in stream)


class NetcatTcp:
    """nc sending `size` bytes over TCP: `upload` from the user to the peer, else to the user."""

    def __init__(self, world: World, user: TestUser, link: Link, family: int, port: int,
                 size: int, upload: bool) -> None:
        self._size, self._upload = size, upload
        listener = ["nc", f"-{family}", "-n", "-l", str(port)]
        address = link.peer(family) if upload else link.host(family)
        sender = ["nc", f"-{family}", "-n", "-N", address, str(port)]
        quiet = {"stdout": subprocess.DEVNULL}
        self._server = (world.as_peer(listener, **quiet) if upload
                        else world.as_user(user, listener, **quiet))
        wait_listening(world.peer if upload else world.host, port)
        with _zeros(world, size).open("rb") as data:
            self._client = (world.as_user(user, sender, stdin=data) if upload
                            else world.as_peer(sender, stdin=data))

    def finish(self) -> Moved:
        """Waits; returns the exact payload."""
        finish(self._client)
        finish(self._server)
        return Moved(self._size, 0, 1) if self._upload else Moved(0, self._size, 1)


class NetcatUdp:
    """nc sending datagrams: `upload` from the user to the peer, else to the user.

    nc turns each read into one datagram, so its input is a socket that keeps message boundaries.
    """

    def __init__(self, world: World, user: TestUser, link: Link, family: int, port: int,
                 size: int, upload: bool) -> None:
        self._upload = upload
        self._datagrams = -(-size // _NETCAT_MESSAGE_BYTES)
        listener = ["nc", f"-{family}", "-u", "-n", "-l", str(port)]
        address = link.peer(family) if upload else link.host(family)
        sender = ["nc", f"-{family}", "-u", "-n", "-q", "0", address, str(port)]
        self._server = world.as_peer(listener) if upload else world.as_user(user, listener)
        wait_listening(world.peer if upload else world.host, port, "udp")
        self._received = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._client = (world.as_user(user, sender, stdin=theirs) if upload
                            else world.as_peer(sender, stdin=theirs))
        self._feeder = threading.Thread(target=self._feed, args=(ours,), daemon=True)
        self._feeder.start()

    def _feed(self, messages: socket.socket) -> None:
        payload = bytes(_NETCAT_MESSAGE_BYTES)
        with messages:
            start = time.monotonic()
            for number in range(self._datagrams):
                messages.send(payload)
                if number % 32 == 0:  # paced: the veth ring is short and drops what overflows
                    due = start + number * _NETCAT_MESSAGE_BYTES / _NETCAT_RATE
                    time.sleep(max(0.0, due - time.monotonic()))

    def _read(self) -> None:
        output: Any = self._server.stdout
        while piece := output.read1(1 << 16):
            self._received += len(piece)

    def finish(self) -> Moved:
        """Waits; returns the exact payload: what nc read from its input or wrote to its output."""
        finish(self._client)
        self._feeder.join()
        last = -1
        while last != self._received:
            last = self._received
            time.sleep(0.3)
        self._server.terminate()
        self._reader.join()
        self._server.wait()
        sent = self._datagrams * _NETCAT_MESSAGE_BYTES
        return Moved(sent, 0, 1) if self._upload else Moved(0, self._received, 1)


def _zeros(world: World, size: int) -> Path:
    path = world.directory / f"zeros-{size}"
    if not path.exists():
        with path.open("wb") as file:
            file.truncate(size)
    return path
