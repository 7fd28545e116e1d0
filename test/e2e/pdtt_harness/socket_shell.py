# SPDX-License-Identifier: Apache-2.0
"""Run by a test user: carries out socket commands from standard input, one JSON list per line.

Each command is answered with one JSON line, so that a test can look at the exporter in between.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

_UDP_SEGMENT = 103
_PIECE = bytes(1 << 16)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Shell:
    """The commands; each works on the latest socket."""

    def __init__(self) -> None:
        self._listener: Any = None
        self._socket: Any = None

    def pid(self) -> int:
        """The process that answers."""
        return os.getpid()

    def connect(self, address: str, port: int) -> int:
        """Opens a TCP connection; answers its local port."""
        self._socket = socket.create_connection((address, port))
        return int(self._socket.getsockname()[1])

    def listen(self, address: str) -> int:
        """Opens a TCP listener; answers its port."""
        self._listener = socket.socket(_family(address))
        self._listener.bind((address, 0))
        self._listener.listen(8)
        return int(self._listener.getsockname()[1])

    def accept(self) -> int:
        """Takes one connection from the listener; answers the remote port."""
        self._socket, address = self._listener.accept()
        return int(address[1])

    def udp(self, address: str, port: int) -> int:
        """Opens an unconnected UDP socket; answers its port."""
        self._socket = socket.socket(_family(address), socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        return int(self._socket.getsockname()[1])

    def connect_udp(self, address: str, port: int) -> int:
        """Connects a new UDP socket; answers its local port."""
        self._socket = socket.socket(_family(address), socket.SOCK_DGRAM)
        self._socket.connect((address, port))
        return int(self._socket.getsockname()[1])

    def send(self, size: int) -> int:
        """Sends bytes over the connection."""
        left = size
        while left:
            left -= self._socket.send(_PIECE[:left])
        return size

    def sendto(self, address: str, port: int, size: int, count: int, segment: int = 0) -> int:
        """Sends datagrams; with `segment` each send is cut into datagrams of that size."""
        self._socket.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, segment)
        for _ in range(count):
            self._socket.sendto(bytes(size), (address, port))
        return size * count

    def receive(self, size: int) -> int:
        """Receives exactly that many bytes of the connection."""
        left = size
        while left:
            piece = self._socket.recv(min(left, 1 << 16))
            if not piece:
                raise EOFError(f"{left} bytes short")
            left -= len(piece)
        return size

    def receive_datagrams(self, count: int) -> int:
        """Receives datagrams; answers the sum of their sizes."""
        return sum(len(self._socket.recv(1 << 16)) for _ in range(count))

    def become(self, uid: int, gid: int) -> int:
        """Goes on in a child that is another user, as a login service does; answers its pid."""
        child = os.fork()
        if child:
            if self._socket:
                self._socket.close()
            _, status = os.waitpid(child, 0)
            os._exit(os.waitstatus_to_exitcode(status))
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        return os.getpid()

    def close(self) -> None:
        """Closes the latest socket."""
        self._socket.close()


def main() -> None:
    """Answers commands until the input ends."""
    shell = Shell()
    for line in sys.stdin:
        command, *args = json.loads(line)
        handler: Callable[..., Any] = getattr(shell, command)
        print(json.dumps(handler(*args)), flush=True)


if __name__ == "__main__":
    main()
