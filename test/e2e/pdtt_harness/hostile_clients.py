# SPDX-License-Identifier: Apache-2.0
"""HTTP clients that want to keep others waiting, many of each kind at the same time.

usage: hostile_clients.py ADDRESS PORT [--once] KIND=COUNT...

Prints "ready" once each of them has tried to connect. Whoever is thrown out comes back, unless it
is for once. On SIGTERM prints as JSON, by kind, how many were connected, refused and thrown out, and the bytes they got.
"""

import base64
import collections
import errno
import json
import os
import random
import resource
import select
import signal
import socket
import ssl
import sys
import time
from typing import Any

_TICK = 0.1
_COME_BACK = 100  # a tick: so many of those who were thrown out
_REQUEST = b"GET %s HTTP/1.1\r\nHost: test\r\n\r\n"
_ANY_CERTIFICATE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_ANY_CERTIFICATE.check_hostname = False
_ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE
_METRICS = _REQUEST % b"/metrics"


class Client:
    """One connection at a time, which this one leaves idle."""

    RECEIVE_BUFFER = 0
    READS = True  # as soon as there is something
    TLS = False

    def __init__(self) -> None:
        self.socket: Any = None
        self.unsent = b""
        self.connected = False

    def begin(self) -> bytes:
        """What is sent first."""
        return b""

    def tick(self) -> None:
        """Called ten times a second while connected."""

    def send(self) -> None:
        """Sends what there is to send, as far as it goes."""
        if self.unsent:
            self.unsent = self.unsent[self.socket.send(self.unsent):]


class SlowHeader(Client):
    """A header of which a byte comes each second."""

    def __init__(self) -> None:
        super().__init__()
        self.ticks = 0

    def begin(self) -> bytes:
        return b"GET /metrics HTTP/1.1\r\nX: "

    def tick(self) -> None:
        self.ticks += 1
        if self.ticks % 10 == 0:
            self.unsent += b"x"


class StalledReader(Client):
    """Asks for more than any buffer holds, and reads nothing of it."""

    RECEIVE_BUFFER = 4096
    READS = False

    def begin(self) -> bytes:
        return _METRICS * 200


class SlowReader(StalledReader):
    """Takes it in small bites."""

    def tick(self) -> None:
        if not self.socket.recv(50):
            raise ConnectionResetError


class TlsStalledReader(StalledReader):
    """The same once TLS is up."""

    TLS = True


class TlsSlowReader(SlowReader):
    """The same once TLS is up."""

    TLS = True


class Passwords(Client):
    """Wrong passwords, one after the other."""

    def begin(self) -> bytes:
        credentials = base64.b64encode(b"prometheus:" + random.randbytes(9).hex().encode())
        header = b"Authorization: Basic " + credentials + b"\r\nConnection: close\r\n\r\n"
        return _METRICS[:-2] + header


class Garbage(Client):
    """Random bytes."""

    def begin(self) -> bytes:
        return random.randbytes(random.randrange(1, 20_000))


class Pipelining(Client):
    """Many requests in one go."""

    def begin(self) -> bytes:
        return _REQUEST % b"/-/ready" * 500


class BigHeader(Client):
    """A megabyte of header."""

    def begin(self) -> bytes:
        return b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 1_000_000


class HalfHello(Client):
    """The beginning of a TLS handshake."""

    def begin(self) -> bytes:
        return bytes.fromhex("1603010200010001fc0303")


_KINDS: dict[str, type[Client]] = {
    "idle": Client, "slow_header": SlowHeader, "slow_reader": SlowReader,
    "stalled_reader": StalledReader, "passwords": Passwords, "garbage": Garbage,
    "pipelining": Pipelining, "big_header": BigHeader, "half_hello": HalfHello,
    "tls_slow_reader": TlsSlowReader, "tls_stalled_reader": TlsStalledReader,
}

_TICKING = {kind for kind, client in _KINDS.items() if client.tick is not Client.tick}


class Crowd:
    """All of them, in one loop."""

    def __init__(self, address: str, port: int, once: bool, counts: dict[str, int]) -> None:
        self._address = (address, port)
        self._once = once
        self._poll = select.epoll()
        self._connected: dict[int, tuple[str, Client]] = {}
        self._outside = collections.deque((kind, _KINDS[kind]()) for kind, count in counts.items()
                                          for _ in range(count))
        self.counts = {kind: {"connected": 0, "refused": 0, "closed": 0, "bytes": 0}
                       for kind in counts}

    def run(self) -> None:
        """Goes on until a signal comes."""
        self._enter(len(self._outside))
        print("ready", flush=True)
        next_tick = time.monotonic()
        while True:
            for fd, events in self._poll.poll(max(0.0, next_tick - time.monotonic())):
                self._serve(fd, events)
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + _TICK
                self._enter(_COME_BACK)
                for fd in [fd for fd, (kind, _) in self._connected.items() if kind in _TICKING]:
                    self._act(fd, lambda client: client.tick())

    def _enter(self, most: int) -> None:
        for _ in range(min(most, len(self._outside))):
            kind, client = self._outside.popleft()
            client.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            if client.RECEIVE_BUFFER:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                         client.RECEIVE_BUFFER)
            error = self._connect(client)
            if error in (0, errno.EINPROGRESS):
                client.unsent = client.begin()
                self._connected[client.socket.fileno()] = (kind, client)
                self._poll.register(client.socket, self._events(client) | select.EPOLLOUT)
            else:
                self.counts[kind]["refused"] += 1
                client.socket.close()
                self._go_out(kind)

    def _connect(self, client: Client) -> int:
        """0 or the error. Waits for the handshake of TLS: these are few."""
        if not client.TLS:
            return int(client.socket.connect_ex(self._address))
        client.socket.settimeout(10)
        try:
            client.socket.connect(self._address)
            client.socket = _ANY_CERTIFICATE.wrap_socket(client.socket)
        except OSError as error:
            return error.errno or errno.EPROTO
        client.socket.setblocking(False)
        return 0

    @staticmethod
    def _events(client: Client) -> int:
        return ((select.EPOLLIN if client.READS else 0) |
                (select.EPOLLOUT if client.unsent else 0))

    def _serve(self, fd: int, events: int) -> None:
        kind, client = self._connected[fd]
        if events & select.EPOLLOUT or not events & select.EPOLLERR:
            self.counts[kind]["connected"] += not client.connected
            client.connected = True
        if events & (select.EPOLLERR | select.EPOLLHUP):
            self._leave(fd, "closed")
            return
        if events & select.EPOLLIN:
            try:
                data = client.socket.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                self._leave(fd, "closed")
                return
            self.counts[kind]["bytes"] += len(data)
        if events & select.EPOLLOUT:
            self._act(fd, lambda one: one.send())

    def _act(self, fd: int, action: Any) -> None:
        client = self._connected[fd][1]
        try:
            action(client)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self._leave(fd, "closed")
            return
        self._poll.modify(client.socket, self._events(client))

    def _leave(self, fd: int, why: str) -> None:
        kind, client = self._connected.pop(fd)
        self.counts[kind][why] += 1
        client.socket.close()  # which also takes it out of the poll
        self._go_out(kind)

    def _go_out(self, kind: str) -> None:
        if not self._once:
            self._outside.append((kind, _KINDS[kind]()))


class _End(Exception):
    """The signal."""


def _end(*_: Any) -> None:
    raise _End


def main() -> None:
    """Runs until SIGTERM."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    signal.signal(signal.SIGTERM, _end)
    address, port, *crowd_arguments = sys.argv[1:]
    once = crowd_arguments[:1] == ["--once"]
    counts = dict(argument.split("=") for argument in crowd_arguments[once:])
    crowd = Crowd(address, int(port), once, {kind: int(n) for kind, n in counts.items()})
    try:
        crowd.run()
    except _End:
        print(json.dumps(crowd.counts), flush=True)
        os._exit(0)  # without closing ten thousand sockets one by one


if __name__ == "__main__":
    main()
