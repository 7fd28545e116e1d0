# SPDX-License-Identifier: Apache-2.0
"""Sockets that somebody else opened: by systemd, by inetd, by a process that passes them on."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial

from pdtt_harness.programs import Moved
from pdtt_harness.sockets import PYTHON
from pdtt_harness.world import World

from . import netcat
from .case import SIZE, Case, alice, both_ways
from .serving import BIG, Exchange, becoming, exchange, serving, with_mounts

_ACTIVATE = "systemd-socket-activate"


def _exchange(world: World, upload: bool) -> AbstractContextManager[Exchange]:
    return exchange(world, world.alice.name, BIG if upload else SIZE)


def _worker(files: Exchange, upload: bool) -> list[str]:
    """Moves the file over its standard input or output."""
    path = f"of={files.ours}/arrived" if upload else f"if={files.ours}/data"
    return ["/bin/dd", "bs=64k", "status=none", path]


def _passed_socket(files: Exchange) -> list[str]:
    return [PYTHON, files.program("passed_socket.py")]


def _transfer(world: World, files: Exchange, port: int, upload: bool,
              prefix: Sequence[str] = ()) -> Moved:
    netcat.fetch(world, files, port, upload, prefix)
    return files.moved(upload, 1)


def _socket_unit(world: World, upload: bool) -> Moved:
    port = world.host.free_port()
    with _exchange(world, upload) as files, serving(world, port, [
            _ACTIVATE, f"--listen={world.links[0].host4}:{port}", *becoming(world.alice),
            *_passed_socket(files), "listening", *_worker(files, upload)]):
        return _transfer(world, files, port, upload)


def accepting_socket_unit(world: World, upload: bool, prefix: Sequence[str] = ()) -> Moved:
    """One of systemd's services with Accept=yes; `prefix` is what the programs are started with."""
    port = world.host.free_port()
    with _exchange(world, upload) as files, serving(world, port, [
            *prefix, _ACTIVATE, "--accept", "--inetd", f"--listen=0.0.0.0:{port}",
            *becoming(world.alice), *_worker(files, upload)]):
        return _transfer(world, files, port, upload, prefix)


def _inetd(world: World, upload: bool) -> Moved:
    port = world.host.free_port()
    with _exchange(world, upload) as files:
        program, *arguments = _worker(files, upload)
        config = files.directory / "inetd.conf"
        config.write_text(f"{world.links[0].host4}:{port} stream tcp4 nowait {world.alice.name} "
                          f"{program} dd {' '.join(arguments)}\n", encoding="ascii")
        run = files.directory / "run"  # inetd's own place for its number can't be changed
        run.mkdir()
        with serving(world, port, with_mounts({run: "/run"}, "inetd", "-i", str(config))):
            return _transfer(world, files, port, upload)


def _accepted_by(world: World, upload: bool, accepter: Sequence[str]) -> Moved:
    port = world.host.free_port()
    with _exchange(world, upload) as files, serving(world, port, [
            *accepter, *_passed_socket(files), "accepting", world.links[0].host4, str(port),
            str(world.alice.uid), *_worker(files, upload)]):
        return _transfer(world, files, port, upload)


_ACTIVATE_NEEDS = ("nc", _ACTIVATE)
_INETD_NEEDS = ("inetd", "nc", "unshare")
_AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
              "--inh-caps=+setuid,+setgid", "--ambient-caps=+setuid,+setgid")
_BY_NOBODY = partial(_accepted_by, accepter=_AS_NOBODY)
_BY_ROOT = partial(_accepted_by, accepter=())

CASES: Sequence[Case] = (
    *both_ways("socket activation,", alice, _socket_unit, _ACTIVATE_NEEDS),
    *both_ways("socket activation with Accept=yes,", alice, accepting_socket_unit,
               _ACTIVATE_NEEDS),
    *both_ways("inetd", alice, _inetd, _INETD_NEEDS),
    *both_ways("root passes a connection on,", alice, _BY_ROOT, ("nc",)),
    *both_ways("nobody passes a connection on,", alice, _BY_NOBODY, ("nc",)),
)
