# SPDX-License-Identifier: Apache-2.0
"""Tries every way to open a TCP connection and prints what became of each, as JSON.

usage: connect_ways.py ADDRESS PORT

Runs as one of the users. An outcome is "connected", "unsupported" or the name of the error.
"""

import ctypes
import errno
import json
import mmap
import os
import select
import socket
import struct
import sys
from collections.abc import Callable

_Address = tuple[str, int]
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_IPPROTO_MPTCP = 262
_TCP_FASTOPEN_CONNECT = 30
_LIBC = ctypes.CDLL(None, use_errno=True)
_REQUEST = b"GET /-/ready HTTP/1.0\r\n\r\n"


class Unsupported(Exception):
    """This kernel, or what the user is allowed here, does not have the way."""


def _socket(address: _Address, protocol: int = 0) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, protocol)
    made.settimeout(10)
    return made


def _finish(connection: socket.socket, sent: bool = False) -> None:
    """An answer is the proof that the connection leads to the exporter."""
    if not sent:
        connection.sendall(_REQUEST)
    answer = connection.recv(100)
    if not answer.startswith(b"HTTP/1."):
        raise OSError(errno.EBADMSG, f"no answer but {answer!r}")


def _plain(address: _Address, protocol: int = 0) -> None:
    with _socket(address, protocol) as made:
        made.connect(address)
        _finish(made)


def _mptcp(address: _Address) -> None:
    try:
        _plain(address, _IPPROTO_MPTCP)
    except OSError as error:
        if error.errno in (errno.EPROTONOSUPPORT, errno.ENOPROTOOPT):
            raise Unsupported from error
        raise


def _mptcp_fast_open(address: _Address) -> None:
    try:
        _fast_open(address, _IPPROTO_MPTCP)
    except OSError as error:
        # Before 6.2 a send does not open an MPTCP connection.
        if error.errno in (errno.EPROTONOSUPPORT, errno.ENOPROTOOPT, errno.EPIPE,
                           errno.EOPNOTSUPP, errno.ENOTCONN):
            raise Unsupported from error
        raise


def _non_blocking(address: _Address) -> None:
    with _socket(address) as made:
        made.setblocking(False)
        error = made.connect_ex(address)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, os.strerror(error))
        select.select([], [made], [], 10)
        made.settimeout(10)
        _finish(made)


def _fast_open(address: _Address, protocol: int = 0) -> None:
    with _socket(address, protocol) as made:
        made.setblocking(True)  # else it reports EINPROGRESS and sends nothing with the SYN
        made.sendto(_REQUEST, socket.MSG_FASTOPEN, address)
        _finish(made, sent=True)


def _fast_open_connect(address: _Address) -> None:
    with _socket(address) as made:
        made.setsockopt(socket.IPPROTO_TCP, _TCP_FASTOPEN_CONNECT, 1)
        made.connect(address)
        _finish(made)


def _second_try(address: _Address) -> None:
    """The same socket once more, after a refusal."""
    with _socket(address) as made:
        made.connect_ex(address)
        error = made.connect_ex(address)
        if error not in (0, errno.EISCONN):
            raise OSError(error, os.strerror(error))
        _finish(made)


def _unshared(flags: int) -> None:
    if _LIBC.unshare(flags) != 0:
        raise Unsupported


def _user_namespace(address: _Address) -> None:
    """As root of a user namespace of one's own."""
    uid = os.getuid()
    _unshared(_CLONE_NEWUSER)
    with open("/proc/self/uid_map", "w", encoding="ascii") as mapping:
        mapping.write(f"0 {uid} 1")
    _plain(address)


def _moved_on(address: _Address) -> None:
    """From another network namespace, through a socket that belongs to the old one."""
    with _socket(address) as made:
        _unshared(_CLONE_NEWUSER | _CLONE_NEWNET)
        made.connect(address)
        _finish(made)


def _bound_unspecified(address: _Address) -> None:
    """0.0.0.0 and :: stand for the address that the socket is bound to, or for loopback."""
    with _socket(address) as made:
        made.bind((address[0], 0))
        made.connect(("::" if ":" in address[0] else "0.0.0.0", address[1]))
        _finish(made)


def _mapped(address: _Address) -> None:
    if ":" in address[0]:
        raise Unsupported
    _plain((f"::ffff:{address[0]}", address[1]))


def _mapped_bound_unspecified(address: _Address) -> None:
    """A socket that is bound to ::ffff:127.0.0.1 takes :: for 127.0.0.1."""
    if address[0] != "127.0.0.1":
        raise Unsupported
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as made:
        made.settimeout(10)
        made.bind(("::ffff:127.0.0.1", 0))
        made.connect(("::", address[1]))
        _finish(made)


def _uring(address: _Address, flags: int = 0) -> None:
    with _socket(address) as made:
        made.setblocking(True)
        error = _uring_connect(made.fileno(), _raw(address), flags)
        if error:
            raise OSError(error, os.strerror(error))
        made.settimeout(10)
        _finish(made)


def _uring_worker(address: _Address) -> None:
    """A thread of the kernel connects."""
    _uring(address, flags=1 << 4)  # IOSQE_ASYNC


def _raw(address: _Address) -> bytes:
    """The address as the kernel takes it."""
    host, port = address
    if ":" in host:
        return struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0) + \
            socket.inet_pton(socket.AF_INET6, host) + bytes(4)
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + \
        socket.inet_aton(host) + bytes(8)


def _uring_connect(fd: int, raw: bytes, flags: int) -> int:
    """One IORING_OP_CONNECT; 0 or the errno. See io_uring(7) for the layout."""
    setup, enter, connect = 425, 426, 16
    params = ctypes.create_string_buffer(120)
    ring = _LIBC.syscall(setup, 1, params)
    if ring < 0:
        raise Unsupported
    try:
        fields = struct.unpack("=30I", params.raw)
        sq_tail, sq_array = fields[11], fields[16]
        cq_tail, cq_entries = fields[21], fields[25]
        submissions = mmap.mmap(ring, sq_array + 4)
        completions = mmap.mmap(ring, cq_entries + 32, offset=0x8000000)
        entries = mmap.mmap(ring, 64, offset=0x10000000)
        target = ctypes.create_string_buffer(raw)
        entries[:32] = struct.pack("=BBHiQQII", connect, flags, 0, fd, len(raw),
                                   ctypes.addressof(target), 0, 0)
        submissions[sq_array:sq_array + 4] = struct.pack("=I", 0)
        submissions[sq_tail:sq_tail + 4] = struct.pack("=I", 1)
        if _LIBC.syscall(enter, ring, 1, 1, 1, None, 0) != 1:  # IORING_ENTER_GETEVENTS
            raise Unsupported
        if struct.unpack("=I", completions[cq_tail:cq_tail + 4])[0] != 1:
            raise OSError(errno.EIO, "no completion")
        result = struct.unpack("=Qi", completions[cq_entries:cq_entries + 12])[1]
        return -int(result)
    finally:
        os.close(ring)


_WAYS: dict[str, Callable[[_Address], None]] = {
    "plain": _plain,
    "non-blocking": _non_blocking,
    "second try": _second_try,
    "fast open": _fast_open,
    "fast open by connect": _fast_open_connect,
    "mptcp": _mptcp,
    "mptcp fast open": _mptcp_fast_open,
    "v4-mapped": _mapped,
    "unspecified, bound": _bound_unspecified,
    "unspecified, bound v4-mapped": _mapped_bound_unspecified,
    "io_uring": _uring,
    "io_uring worker": _uring_worker,
    "user namespace": _user_namespace,
    "moved on": _moved_on,
}


def _outcome(way: Callable[[_Address], None], address: _Address) -> str:
    try:
        way(address)
    except Unsupported:
        return "unsupported"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "connected"


def _outcome_of_child(way: Callable[[_Address], None], address: _Address) -> str:
    """A child each: some ways change the process."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, _outcome(way, address).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        outcome = pipe.read()
    os.waitpid(child, 0)
    return outcome


def main() -> None:
    """Tries them all, one after the other."""
    address = (sys.argv[1], int(sys.argv[2]))
    print(json.dumps({name: _outcome_of_child(way, address) for name, way in _WAYS.items()}))


if __name__ == "__main__":
    main()
