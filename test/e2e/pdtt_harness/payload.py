# SPDX-License-Identifier: Apache-2.0
"""Run by a test user: moves payload over loopback in one particular way, and says how much it was.

usage: payload.py CASE PROTOCOL/ADDRESS...    prints the bytes that the system calls returned

Both ends are sockets of this process. Calls that count nothing are not added up; a case that does
not go as it is meant to ends with an error.
"""

import contextlib
import ctypes
import json
import os
import platform
import select
import socket
import struct
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any

_STREAM = 1_000_000
_FILE = 3_000_000
_PIECE = 1 << 16
_THREADS = 40
_MESSAGE = 1400  # of a thread that waits
_REFUSED = 20
_RECVFROM = {"x86_64": "45", "aarch64": "207"}  # the system call's number
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_LIBC = ctypes.CDLL(None, use_errno=True)


class Tally:
    """What system calls have returned, by direction."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.bytes = {"transmit": 0, "receive": 0}

    def add(self, direction: str, size: int) -> int:
        """Adds what one call returned, and returns it."""
        with self._lock:
            self.bytes[direction] += size
        return size


class Ends:
    """A sender and a receiver that talk to each other."""

    def __init__(self, tally: Tally, protocol: str, address: str) -> None:
        """`protocol` is tcp, udp (connected) or unconnected (UDP)."""
        self._tally, self.protocol, self.address = tally, protocol, address
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        self.sender = socket.socket(self.family, kind)
        waiting = socket.socket(self.family, kind)
        waiting.bind((address, 0))
        self._target = waiting.getsockname()
        if protocol == "tcp":
            waiting.listen(1)
            self.sender.connect(self._target)
            self.receiver = waiting.accept()[0]
            waiting.close()
            return
        self.receiver = waiting
        self.sender.bind((address, 0))
        if protocol == "udp":
            self.sender.connect(self._target)
            self.receiver.connect(self.sender.getsockname())

    def another(self) -> "Ends":
        """Two more sockets of the same kind."""
        return Ends(self._tally, self.protocol, self.address)

    def sent(self, size: int) -> int:
        """Notes what a sending call returned."""
        return self._tally.add("transmit", size)

    def received(self, size: int) -> int:
        """Notes what a receiving call returned."""
        return self._tally.add("receive", size)

    def send(self, size: int) -> int:
        """One call that sends so many bytes, or fewer."""
        data = bytes(size)
        return self.sent(self.sender.sendto(data, self._target)
                         if self.protocol == "unconnected" else self.sender.send(data))

    def receive(self, size: int = _PIECE, flags: int = 0) -> int:
        """One call that receives at most so many bytes."""
        return self.received(len(self.receiver.recvfrom(size, flags)[0]))

    def receive_all(self, size: int) -> None:
        """Receives exactly so many bytes with as many calls as it takes."""
        while size:
            size -= _at_least_1(self.receive(min(size, _PIECE)))


def _at_least_1(size: int) -> int:
    if size <= 0:
        raise EOFError("the other end is closed")
    return size


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise RuntimeError(what)


@contextlib.contextmanager
def _meanwhile(function: Callable[..., Any], *args: Any) -> Any:
    """Runs a function in a thread of its own; its end is waited for."""
    thread = threading.Thread(target=function, args=args)
    thread.start()
    yield thread
    thread.join()


def stream(ends: Ends) -> None:
    """Sends and receives as fast as it goes."""
    with _meanwhile(ends.receive_all, _STREAM):
        left = _STREAM
        while left:
            left -= ends.send(min(left, _PIECE))


def datagrams(ends: Ends) -> None:
    """One datagram after the other, one of them empty, one larger than a frame."""
    for size in (1, 0, 100, 1400, 9000):
        _expect(ends.send(size) == size, "a datagram was cut")
        _expect(ends.receive() == size, "another datagram was received")


def sendfile(ends: Ends) -> None:
    """sendfile(2), which waits for room."""
    size = _FILE if ends.protocol == "tcp" else 1000
    with tempfile.TemporaryFile() as file:
        file.truncate(size)
        with _meanwhile(ends.receive_all, size):
            offset = 0
            while offset < size:
                offset += _at_least_1(ends.sent(os.sendfile(
                    ends.sender.fileno(), file.fileno(), offset, size - offset)))


def slow_sendfile(ends: Ends) -> None:
    """sendfile(2) that does not wait: it sends what there is room for."""
    ends.sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PIECE)
    ends.receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _PIECE)
    ends.sender.setblocking(False)
    offset, received, calls = 0, 0, 0
    with tempfile.TemporaryFile() as file:
        file.truncate(_FILE)
        while offset < _FILE:
            try:
                offset += ends.sent(os.sendfile(ends.sender.fileno(), file.fileno(), offset,
                                                _FILE - offset))
                calls += 1
            except BlockingIOError:
                if select.select([ends.receiver], [ends.sender], [])[0]:
                    received += ends.receive(5000)
    _expect(calls > 2, "the file was never sent in part")
    ends.receive_all(_FILE - received)


def vectors(ends: Ends) -> None:
    """sendmsg(2) and recvmsg(2) with several buffers."""
    pieces = [bytes(100), b"", bytes(2000), bytes(7)]
    size = sum(map(len, pieces))
    _expect(ends.sent(ends.sender.sendmsg(pieces)) == size, "sent in part")
    buffers = [bytearray(50), bytearray(size - 60), bytearray(10)]
    _expect(ends.received(ends.receiver.recvmsg_into(buffers)[0]) == size, "received in part")


def files(ends: Ends) -> None:
    """write(2), writev(2), read(2) and readv(2)."""
    to, back = ends.sender.fileno(), ends.receiver.fileno()
    _expect(ends.sent(os.write(to, bytes(700))) == 700, "written in part")
    _expect(ends.received(len(os.read(back, 700))) == 700, "read in part")
    _expect(ends.sent(os.writev(to, [bytes(30), bytes(900)])) == 930, "written in part")
    _expect(ends.received(os.readv(back, [bytearray(900), bytearray(30)])) == 930, "read in part")


class _Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class _Header(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("name_size", ctypes.c_uint32),
                ("vector", ctypes.POINTER(_Iovec)), ("vector_size", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("control_size", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class _Message(ctypes.Structure):
    _fields_ = [("header", _Header), ("moved", ctypes.c_uint)]


def many_messages(ends: Ends) -> None:
    """sendmmsg(2) and recvmmsg(2)."""
    sizes = (10, 200, 3000)
    buffers = [ctypes.create_string_buffer(size) for size in sizes]
    vectors_ = [_Iovec(ctypes.addressof(buffer), len(buffer)) for buffer in buffers]
    for call, end, note, more in ((_LIBC.sendmmsg, ends.sender, ends.sent, ()),
                                  (_LIBC.recvmmsg, ends.receiver, ends.received, (None,))):
        messages = (_Message * len(sizes))(*(
            _Message(_Header(vector=ctypes.pointer(vector), vector_size=1))
            for vector in vectors_))
        done = call(end.fileno(), messages, len(sizes), 0, *more)
        _expect(done == len(sizes), os.strerror(ctypes.get_errno()))
        for message, size in zip(messages, sizes):
            _expect(note(message.moved) == size, "a message was cut")


def peek(ends: Ends) -> None:
    """Data that is looked at is still to be received."""
    ends.send(1000)
    for _ in range(3):
        _expect(len(ends.receiver.recv(1000, socket.MSG_PEEK)) == 1000, "nothing to look at")
    _expect(len(ends.receiver.recvmsg(300, 0, socket.MSG_PEEK)[0]) == 300, "nothing to look at")
    _expect(ends.receive() == 1000, "received in part")


def wait_all(ends: Ends) -> None:
    """One call that waits for many small segments."""
    ends.sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pieces, size = 200, 500
    with _meanwhile(lambda: ends.receive(pieces * size, socket.MSG_WAITALL)):
        for _ in range(pieces):
            ends.send(size)


def truncated(ends: Ends) -> None:
    """With MSG_TRUNC a call returns the datagram's size, or TCP's bytes that it threw away."""
    ends.send(1000)
    buffer = bytearray(1000 if ends.protocol == "tcp" else 10)
    returned = ends.receiver.recv_into(buffer, len(buffer), socket.MSG_TRUNC)
    _expect(ends.received(returned) == 1000, f"MSG_TRUNC returned {returned}")
    if ends.protocol != "tcp":
        ends.send(1000)
        _expect(ends.receive(10) == 10, "more than there was room for")


def failing(ends: Ends) -> None:
    """Calls that fail, among one that does not."""
    ends.receiver.setblocking(False)
    _must_fail(BlockingIOError, ends.receiver.recv, 100)
    if ends.protocol == "tcp":
        ends.sender.shutdown(socket.SHUT_WR)
        _must_fail(BrokenPipeError, ends.sender.send, bytes(100))
        alone = socket.socket(ends.family)
        _must_fail(OSError, alone.recv, 100)
        _must_fail(OSError, alone.send, bytes(100))
        return
    _must_fail(OSError, ends.sender.send, bytes(70_000))  # larger than a datagram can be
    ends.sender.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    if ends.family == socket.AF_INET6:
        ends.sender.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    ends.receiver.close()
    ends.send(100)
    _must_fail(ConnectionRefusedError, ends.sender.recv, 100)
    # What was sent comes back with the error; it is no payload that somebody received.
    returned = ends.sender.recvmsg(100, 1000, socket.MSG_ERRQUEUE)[0]
    _expect(len(returned) == 100, "the error queue is empty")


def _must_fail(error: type[OSError], call: Callable[..., Any], argument: Any) -> None:
    try:
        call(argument)
    except error:
        return
    raise RuntimeError(f"{call} did not fail with {error.__name__}")


def refused(ends: Ends) -> None:
    """Connections, each after one that was refused: the kernel uses a socket's memory again."""
    for _ in range(_REFUSED):
        with socket.socket(ends.family) as nobody:
            nobody.bind((ends.address, 0))
            target = nobody.getsockname()
        with socket.socket(ends.family) as alone:
            _must_fail(ConnectionRefusedError, alone.connect, target)
        pair = ends.another()
        pair.receive_all(pair.send(100))


def partial(ends: Ends) -> None:
    """Sends what there is room for, until there is none."""
    ends.sender.setblocking(False)
    size = 50_000_000
    sent = ends.send(size)
    _expect(0 < sent < size, "all of it was sent")
    with contextlib.suppress(BlockingIOError):
        while True:
            sent += ends.send(_PIECE)
    ends.receive_all(sent)


def unread(ends: Ends) -> None:
    """What is sent and thrown away at the other end; and nothing at all."""
    ends.send(1000)
    ends.receiver.close()
    ends.sender.close()
    ends.another().sender.close()


def waiting_receivers(ends: Ends) -> None:
    """Many threads wait in recv(2) at the same time; then each gets a message."""
    pairs = [ends.another() for _ in range(_THREADS)]
    threads = [threading.Thread(target=pair.receive) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        while not _waits_in_recv(thread):
            select.select([], [], [], 0.01)
    for pair in pairs:
        pair.send(_MESSAGE)
    for thread in threads:
        thread.join()


def waiting_senders(ends: Ends) -> None:
    """Many threads send at the same time over a slow device, and wait for room.

    Each then makes one more call, alone: a probe that lost a return can notice it there.
    """
    turn, all_sent = threading.Lock(), threading.Barrier(_THREADS)

    def send(pair: Ends) -> None:
        pair.sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # room for two
        for _ in range(4):
            pair.send(_MESSAGE)
        all_sent.wait()
        with turn:
            pair.send(_MESSAGE)

    threads = [threading.Thread(target=send, args=(ends.another(),)) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _waits_in_recv(thread: threading.Thread) -> bool:
    with open(f"/proc/self/task/{thread.native_id}/syscall", encoding="ascii") as file:
        return file.read().split()[0] == _RECVFROM[platform.machine()]


def local(ends: Ends) -> None:
    """Sockets that are not of the internet: unix and netlink."""
    del ends
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        first, second = socket.socketpair(socket.AF_UNIX, kind)
        first.send(bytes(1000))
        _expect(len(second.recv(_PIECE)) == 1000, "unix")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(struct.pack("=IHHIIB3x", 20, 18, 0x301, 1, 0, 0))  # RTM_GETLINK, all
        _expect(len(netlink.recv(_PIECE)) > 16, "netlink")


def main() -> None:
    """Runs a case with each kind of socket and prints the sums."""
    case: Callable[[Ends], None] = globals()[sys.argv[1]]
    tallies: dict[str, Tally] = {}
    for kind in sys.argv[2:]:
        protocol, address = kind.split("/")
        tally = tallies.setdefault("tcp" if protocol == "tcp" else "udp", Tally())
        case(Ends(tally, protocol, address))
    print(json.dumps({protocol: tally.bytes for protocol, tally in tallies.items()}))


if __name__ == "__main__":
    main()
