# SPDX-License-Identifier: Apache-2.0
"""Sockets of the users, driven step by step, and plain sockets on the peers' side."""

import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .shell import TIME_FACTOR
from .users import TestUser
from .world import World

# The users cannot read every place a work tree or an interpreter may be in.
PYTHON = "/usr/bin/python3"


def _for_users(world: World, program: str) -> str:
    """A copy of one of this folder's programs that the users can read."""
    copy = world.directory / program
    if not copy.exists():
        shutil.copy(Path(__file__).parent / program, copy)
        copy.chmod(0o644)
    return str(copy)


class SocketShell:
    """A process of a user that does with sockets what it is told; see socket_shell.py."""

    def __init__(self, world: World, user: TestUser | None,
                 python: Sequence[str] = (PYTHON,)) -> None:
        """`python` starts the interpreter, in surroundings of its own if need be."""
        # Any: with three pipes, none of the streams is None.
        self._process: Any = world.as_user(user, [*python, _for_users(world, "socket_shell.py")],
                                           stdin=subprocess.PIPE, text=True)
        self.pid = int(self.do("pid"))

    def __enter__(self) -> "SocketShell":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def do(self, command: str, *args: Any) -> Any:
        """Carries out one command and returns its answer."""
        self.begin(command, *args)
        return self.answer()

    def begin(self, command: str, *args: Any) -> None:
        """Sends a command whose answer is fetched later."""
        self._process.stdin.write(json.dumps([command, *args]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Waits for the answer of the last command."""
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the socket shell ended: {self._process.stderr.read()}")
        return json.loads(line)

    def end(self) -> None:
        """Ends the process; its sockets close."""
        if self._process.poll() is None:
            self._process.communicate(timeout=10 * TIME_FACTOR)


def move_payload(world: World, user: TestUser, case: str, *kinds: str) -> subprocess.Popen[Any]:
    """Starts a user's program that moves payload and prints how much; see payload.py."""
    return user_program(world, user, "payload.py", case, *kinds)


def user_program(world: World, user: TestUser, program: str, *args: str) -> subprocess.Popen[Any]:
    """Starts one of this folder's programs as the user."""
    return world.as_user(user, [PYTHON, _for_users(world, program), *args], text=True)


def peer_program(world: World, program: str, *args: str) -> subprocess.Popen[Any]:
    """Starts one of this folder's programs on the peers' side."""
    return world.as_peer([PYTHON, _for_users(world, program), *args], text=True)


def peer_socket(world: World, address: str, port: int, protocol: str) -> socket.socket:
    """A bound socket on the peers' side, listening if it is TCP."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with world.peer.entered():
        made = socket.socket(family, kind)
    made.settimeout(20 * TIME_FACTOR)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    if protocol == "tcp":
        made.listen(8)
    return made


def peer_connect(world: World, address: str, port: int) -> socket.socket:
    """A TCP connection from the peers' side."""
    with world.peer.entered():
        return socket.create_connection((address, port), timeout=20 * TIME_FACTOR)


def drain(connection: socket.socket) -> threading.Thread:
    """Reads a connection to its end in the background."""
    def read() -> None:
        try:
            while connection.recv(1 << 16):
                pass
        except OSError:
            pass

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
