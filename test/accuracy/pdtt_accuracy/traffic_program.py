# SPDX-License-Identifier: Apache-2.0
"""Servers and clients of many small messages, run by the users and by their peers.

usage: traffic_program.py ROLE ADDRESS PORT NUMBER...
"""

import resource
import socket
import sys
from collections.abc import Callable


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _receive(connection: socket.socket, size: int) -> None:
    while size:
        piece = connection.recv(size)
        if not piece:
            raise EOFError(f"{size} bytes short")
        size -= len(piece)


def _leave(connection: socket.socket, first: int) -> None:
    """Closes; who does not do so first waits for the other to do it."""
    if not first and connection.recv(1):
        raise ValueError("more than was asked for")
    connection.close()


def udp_echo(address: str, port: int) -> None:
    """Sends every datagram back, for ever."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        while True:
            server.sendto(*server.recvfrom(1 << 16))


def udp_ask(address: str, port: int, peers: int, rounds: int, size: int) -> None:
    """From as many sockets as there are peers, sends datagrams that must come back."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asking = [socket.socket(_family(address), socket.SOCK_DGRAM) for _ in range(peers)]
    for each in asking:
        each.settimeout(20)
        each.connect((address, port))
    message = bytes(size)
    for _ in range(rounds):
        for each in asking:  # one at a time: none is lost
            each.send(message)
            if each.recv(1 << 16) != message:
                raise ValueError("another datagram came back")


def tcp_answer(address: str, port: int, size: int, first: int) -> None:
    """Answers `size` bytes with as many, on each connection once, for ever."""
    with socket.socket(_family(address)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        server.listen(64)
        while True:
            connection, _ = server.accept()
            _receive(connection, size)
            connection.sendall(bytes(size))
            _leave(connection, first)


def tcp_ask(address: str, port: int, connections: int, size: int, first: int) -> None:
    """Opens connections one after the other and asks on each."""
    for _ in range(connections):
        connection = socket.create_connection((address, port), timeout=20)
        connection.sendall(bytes(size))
        _receive(connection, size)
        _leave(connection, first)


_ROLES: dict[str, Callable[..., None]] = {
    "udp_echo": udp_echo, "udp_ask": udp_ask, "tcp_answer": tcp_answer, "tcp_ask": tcp_ask}


if __name__ == "__main__":
    _ROLES[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))
