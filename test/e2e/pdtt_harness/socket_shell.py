# SPDX-License-Identifier: Apache-2.0
"""Run by a test user: carries out socket commands from standard input, one JSON list per line.

Each command is answered with one JSON line, so that a test can look at the exporter in between.
"""

import json
import os
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any

_SO_MAX_PACING_RATE = 47
_UDP_SEGMENT = 103
_PIECE = bytes(1 << 16)
_UNIX_MESSAGE = bytes(1 << 12)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _bound(kind: socket.SocketKind, address: str, port: int, options: Sequence[int]) -> Any:
    made = socket.socket(_family(address), kind)
    for option in options:
        made.setsockopt(socket.SOL_SOCKET, option, 1)
    made.bind((address, port))
    return made


def _fork_as(uid: int, address: str, port: int, size: int) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setresuid(uid, uid, uid)
        with socket.create_connection((address, port), timeout=60) as made:
            made.sendall(bytes(size))
            # A socket that is closed too early leaves its last packet to the kernel.
            made.shutdown(socket.SHUT_WR)
            made.recv(1)
        status = 0
    except OSError as error:
        print(uid, error, file=sys.stderr, flush=True)
    finally:
        os._exit(status)


class Shell:
    """The commands; each works on the latest socket."""

    def __init__(self) -> None:
        self._listener: Any = None
        self._socket: Any = None
        self._door: Any = None

    def pid(self) -> int:
        """The process that answers."""
        return os.getpid()

    def connect(self, address: str, port: int, source: str = "", source_port: int = 0) -> int:
        """Opens a TCP connection; answers its local port."""
        self._socket = socket.socket(_family(address))
        if source:
            self._socket.bind((source, source_port))
        self._socket.connect((address, port))
        return int(self._socket.getsockname()[1])

    def listen(self, address: str, port: int = 0, options: Sequence[int] = ()) -> int:
        """Opens a TCP listener with socket options; answers its port."""
        self._listener = _bound(socket.SOCK_STREAM, address, port, options)
        self._listener.listen(8)
        return int(self._listener.getsockname()[1])

    def accept(self) -> int:
        """Takes one connection from the listener; answers the remote port."""
        self._socket, address = self._listener.accept()
        return int(address[1])

    def udp(self, address: str, port: int, options: Sequence[int] = ()) -> int:
        """Opens an unconnected UDP socket with socket options; answers its port."""
        self._socket = _bound(socket.SOCK_DGRAM, address, port, options)
        return int(self._socket.getsockname()[1])

    def connect_udp(self, address: str, port: int) -> int:
        """Connects a new UDP socket; answers its local port."""
        self._socket = socket.socket(_family(address), socket.SOCK_DGRAM)
        self._socket.connect((address, port))
        return int(self._socket.getsockname()[1])

    def pace(self, rate: int) -> None:
        """Limits the connection to so many bytes/s: timers send, not the process."""
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, rate)

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

    def set_ids(self, real: int, effective: int, saved: int) -> list[int]:
        """Changes the user as far as the kernel allows; answers what the process is then."""
        os.setresuid(real, effective, saved)
        return list(os.getresuid())

    def ids(self) -> list[int]:
        """The real, effective and saved user of the process."""
        return list(os.getresuid())

    def inherit(self, number: int) -> None:
        """Takes over a socket by its number; -1 for none."""
        if number >= 0:
            self._socket = socket.socket(fileno=number)

    def execute(self, program: str) -> None:
        """Goes on as another interpreter, a set-uid one maybe, that inherits the socket.

        Answers the real, effective and saved user that the process then has.
        """
        number = -1
        if self._socket:
            number = self._socket.fileno()
            os.set_inheritable(number, True)
        os.execv(program, [program, __file__, str(number)])

    def open_as(self, first: int, count: int) -> None:
        """Opens a socket each as that many users, from a number on."""
        for uid in range(first, first + count):
            child = os.fork()
            if not child:
                os.setresuid(uid, uid, uid)
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                os._exit(0)
            if os.waitpid(child, 0)[1]:
                raise RuntimeError(f"not as {uid}")

    def send_as(self, first: int, count: int, address: str, port: int, size: int) -> None:
        """Connects and sends as that many users at the same time, from a number on."""
        children = [_fork_as(uid, address, port, size) for uid in range(first, first + count)]
        failed = [child for child in children if os.waitpid(child, 0)[1]]
        if failed:
            raise RuntimeError(f"{len(failed)} of {count} could not send")

    def open_door(self, path: str) -> None:
        """Opens the unix socket at which take() waits for a socket."""
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(path)
        os.chmod(path, 0o666)
        self._door.listen(1)

    def take(self) -> None:
        """Receives a socket of another process: it is the latest from now on."""
        with self._door.accept()[0] as giver:
            _, descriptors, _, _ = socket.recv_fds(giver, 1, 1)
        self._socket = socket.socket(fileno=descriptors[0])

    def give(self, path: str) -> None:
        """Passes the latest socket to the process behind the path, and keeps it."""
        with socket.socket(socket.AF_UNIX) as taker:
            taker.connect(path)
            socket.send_fds(taker, [b"x"], [self._socket.fileno()])

    def forge(self, source: str, port: int, target: str, target_port: int, count: int) -> int:
        """Sends datagrams from a false IPv4 address; answers the bytes of one with its headers."""
        payload = b"forged"
        datagram = struct.pack("!4H", port, target_port, 8 + len(payload), 0) + payload
        packet = struct.pack("!BxH4xBBxx4s4s", 0x45, 20 + len(datagram), 64, socket.IPPROTO_UDP,
                             socket.inet_aton(source), socket.inet_aton(target)) + datagram
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            for _ in range(count):
                raw.sendto(packet, (target, 0))
        return len(packet)

    def unix_traffic(self, path: str, messages: int) -> int:
        """Moves messages through every kind of unix socket; answers their bytes."""
        pairs = [socket.socketpair(socket.AF_UNIX, kind) for kind in
                 (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET)]
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            pairs.append((client, listener.accept()[0]))
        moved = 0
        for sender, receiver in pairs:
            with sender, receiver:
                for _ in range(messages):
                    socket.send_fds(sender, [_UNIX_MESSAGE], [self._socket.fileno()])
                    data, descriptors, _, _ = socket.recv_fds(receiver, len(_UNIX_MESSAGE), 1)
                    for descriptor in descriptors:
                        os.close(descriptor)
                    moved += len(data)
        return moved

    def close(self) -> None:
        """Closes the latest socket."""
        self._socket.close()

    def close_listener(self) -> None:
        """Closes the listener."""
        self._listener.close()


def main() -> None:
    """Answers commands until the input ends."""
    shell = Shell()
    if len(sys.argv) > 1:  # this is what execute() executed: answer for it
        shell.inherit(int(sys.argv[1]))
        print(json.dumps(shell.ids()), flush=True)
    for line in sys.stdin:
        command, *args = json.loads(line)
        handler: Callable[..., Any] = getattr(shell, command)
        print(json.dumps(handler(*args)), flush=True)


if __name__ == "__main__":
    main()
