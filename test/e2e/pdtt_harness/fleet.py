# SPDX-License-Identifier: Apache-2.0
"""Several hosts on one: each is a network namespace and a cgroup with an exporter of its own."""

import contextlib
import copy
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from . import netns
from .exporter import Exporter
from .netns import Link, Namespace
from .sockets import SocketShell, drain, peer_socket
from .users import TestUser
from .world import World

# An address that is in no private network.
INTERNET = "198.51.100.1"
_ALLOW = "web: {allow: [127.0.0.0/8, 10.77.0.0/16]}\n"


class Host:
    """One of the hosts; its link leads to the peers' side, and all other addresses with it."""

    def __init__(self, world: World, stack: contextlib.ExitStack, name: str,
                 settings: str) -> None:
        """The end of `stack` removes it; one at a time, because links are numbered."""
        # The same users and folders, seen from another namespace and another cgroup.
        self.world = copy.copy(world)
        self.world.cgroup = copy.copy(world.cgroup)
        self.world.cgroup.path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=world.cgroup.path))
        stack.callback(self.world.cgroup.remove)
        self.world.host = Namespace(name)
        stack.callback(self.world.host.remove)
        self.link: Link = netns.connect(self.world.host, world.peer,
                                        len(world.peer.all_frames()))
        self.world.host.ip("route", "add", "default", "via", self.link.peer4)
        # Where Prometheus finds the exporter from the peers' side.
        self.target = f"{self.link.host4}:{self.world.host.free_port()}"
        self.exporter = Exporter(
            self.world, (f"--interface={self.link.device}", f"--web.listen-address={self.target}"),
            _ALLOW + settings, inside=True, cgroup=str(self.world.cgroup.path)).start()
        stack.callback(self.exporter.stop)


class Transfer:
    """A user's TCP connection from a host to a peer, with data in both directions."""

    def __init__(self, stack: contextlib.ExitStack, host: Host, user: TestUser,
                 address: str = "") -> None:
        self._shell = stack.enter_context(SocketShell(host.world, user))
        address = address or host.link.peer4
        with peer_socket(host.world, address, 0, "tcp") as listener:
            self._shell.do("connect", address, listener.getsockname()[1])
            self._peer = listener.accept()[0]
        stack.callback(self._peer.close)
        drain(self._peer)

    def send(self, size: int) -> None:
        """Bytes from the user."""
        self._shell.do("send", size)

    def receive(self, size: int) -> None:
        """Bytes to the user."""
        sender = threading.Thread(target=self._peer.sendall, args=(bytes(size),), daemon=True)
        sender.start()
        self._shell.do("receive", size)
        sender.join()


@contextlib.contextmanager
def internet(world: World) -> Iterator[None]:
    """Lets the peers' side answer at an address of the internet."""
    world.peer.ip("addr", "add", f"{INTERNET}/32", "dev", "lo")
    try:
        yield
    finally:
        world.peer.ip("addr", "del", f"{INTERNET}/32", "dev", "lo")
