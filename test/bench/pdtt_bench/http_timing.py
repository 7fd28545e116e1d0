# SPDX-License-Identifier: Apache-2.0
"""HTTP requests with the clock running."""

import re
import socket
import time
import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One answer, as it came."""

    sent_at: float  # Unix time
    first_ms: float  # until its first byte was there
    ms: float  # until its last byte was there
    raw: bytes  # with headers and chunk lines

    def text(self) -> str:
        """The body, without framing and compression."""
        head, body = self.raw.split(b"\r\n\r\n", 1)
        head = head.lower()
        if b"transfer-encoding: chunked" in head:
            body = _joined(body)
        if b"content-encoding: gzip" in head:
            body = zlib.decompress(body, wbits=31)
        return body.decode("utf-8")


def _joined(chunks: bytes) -> bytes:
    parts = []
    at = 0
    while True:
        line_end = chunks.index(b"\r\n", at)
        size = int(chunks[at:line_end], 16)
        if size == 0:
            return b"".join(parts)
        at = line_end + 2 + size + 2
        parts.append(chunks[line_end + 2:at - 2])


class Client:
    """Asks one server for one page."""

    def __init__(self, port: int, path: str = "/metrics") -> None:
        self._port = port
        self._path = path
        self._buffer = bytearray(1 << 20)

    def get(self, accept: str = "text/plain", gzip: bool = False) -> Answer:
        """Fetches the page."""
        return self._ask("GET", f"Accept: {accept}\r\nAccept-Encoding: "
                                f"{'gzip' if gzip else 'identity'}\r\n")

    def head(self) -> Answer:
        """What comes before the page is written: a snapshot is collected, if there is none."""
        return self._ask("HEAD", "")

    def _ask(self, method: str, headers: str) -> Answer:
        with socket.create_connection(("127.0.0.1", self._port), timeout=20) as connection:
            request = (f"{method} {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
                       "Connection: close\r\n\r\n").encode()
            parts = []
            sent_at, begin = time.time(), time.monotonic()
            connection.sendall(request)
            first = 0.0
            while got := connection.recv_into(self._buffer):
                first = first or time.monotonic()
                parts.append(bytes(memoryview(self._buffer)[:got]))
            end = time.monotonic()
        raw = b"".join(parts)
        if not re.match(rb"HTTP/1\.1 200 ", raw):
            raise AssertionError(f"{method} {self._path}: {raw[:200]!r}")
        return Answer(sent_at, 1000 * (first - begin), 1000 * (end - begin), raw)
