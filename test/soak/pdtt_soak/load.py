# SPDX-License-Identifier: Apache-2.0
"""What goes on on the host: each kind of load is a thread that repeats one thing."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator

from pdtt_harness.sockets import SocketShell, drain, peer_socket, user_program
from pdtt_harness.world import World, finish

_TRANSFER = 20_000_000
_SMALL = 50_000
_FLOWS = 400
_CONNECTIONS = 1000
_CROWD_FIRST, _CROWD = 1_900_000_000, 10


class Load:
    """Users who move data, come and go, and need more room than there is, until end()."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._address = world.links[0].peer4
        self._ended = threading.Event()
        self._crowds = itertools.count()
        self._newcomers = itertools.count()
        self.failure: BaseException | None = None
        self.rounds = {step.__name__.strip("_"): 0 for step in self._steps()}
        self._threads = [threading.Thread(target=self._repeat, args=(step,), daemon=True)
                         for step in self._steps()]
        for thread in self._threads:
            thread.start()

    def _steps(self) -> list[Callable[[], None]]:
        return [self._transfers, self._flows, self._short_connections, self._crowded,
                self._newcomer]

    def end(self) -> None:
        """Lets every thread finish what it does."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, step: Callable[[], None]) -> None:
        try:
            while not self._ended.wait(0.2):
                step()
                self.rounds[step.__name__.strip("_")] += 1
        except BaseException as failure:
            if not self._ended.is_set():
                self.failure = failure

    def _transfers(self) -> None:
        """alice sends a lot."""
        with self._sink() as port, SocketShell(self._world, self._world.alice) as hers:
            hers.do("connect", self._address, port)
            hers.do("send", _TRANSFER)

    def _flows(self) -> None:
        """bob talks to more UDP peers than there is room for."""
        with SocketShell(self._world, self._world.bob) as his:
            his.do("udp", self._world.links[0].host4, 0)
            for port in range(20_000, 20_000 + _FLOWS):
                his.do("sendto", self._address, port, 100, 1)

    def _short_connections(self) -> None:
        """bob opens and closes connections as fast as he can."""
        finish(user_program(self._world, self._world.bob, "churn.py", str(_CONNECTIONS)))

    def _crowded(self) -> None:
        """Users send who were never there before."""
        first = _CROWD_FIRST + _CROWD * next(self._crowds)
        with self._sink() as port, SocketShell(self._world, None) as root:
            root.do("send_as", first, _CROWD, self._address, port, _SMALL)

    def _newcomer(self) -> None:
        """An account is made, used and removed."""
        user = self._world.create_user(f"soak{next(self._newcomers)}")
        try:
            with self._sink() as port, SocketShell(self._world, user) as shell:
                shell.do("connect", self._address, port)
                shell.do("send", _SMALL)
        finally:
            self._world.users.remove(user)
            user.remove()

    @contextlib.contextmanager
    def _sink(self) -> Iterator[int]:
        """A port on the peers' side that takes everything."""
        with peer_socket(self._world, self._address, 0, "tcp") as listener:
            listener.listen(_CROWD)
            listener.settimeout(None)
            threading.Thread(target=_accept, args=(listener,), daemon=True).start()
            yield int(listener.getsockname()[1])
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread up


def _accept(listener: socket.socket) -> None:
    try:
        while True:
            drain(listener.accept()[0])
    except OSError:
        pass
