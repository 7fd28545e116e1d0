# SPDX-License-Identifier: Apache-2.0
"""ssh and what runs over it: sshd accepts as root, and a process of the user moves the data."""

import contextlib
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pdtt_harness.programs import Moved
from pdtt_harness.sshd import Sshd
from pdtt_harness.world import World

from .case import LOOPBACK, SIZE, Case, alice, both_ways
from .serving import Exchange, client, exchange, serving_peers, users_client
from .web_cases import curl, nginx_on_peer

# Given the daemon, where it is reached, the files and the direction: the client's command line.
_Client = Callable[[World, Sshd, Exchange, bool], Sequence[str]]


def _scp(world: World, sshd: Sshd, files: Exchange, upload: bool) -> Sequence[str]:
    there = partial(sshd.path, world.alice)
    return ["scp", *sshd.options(), *(
        (f"{files.theirs}/data", there(files.ours / "arrived")) if upload else
        (there(files.ours / "data"), f"{files.theirs}/arrived"))]


def _sftp(world: World, sshd: Sshd, files: Exchange, upload: bool) -> Sequence[str]:
    batch = files.directory / "batch"
    batch.write_text(f"put {files.theirs}/data {files.ours}/arrived\n" if upload else
                     f"get {files.ours}/data {files.theirs}/arrived\n", encoding="utf-8")
    return ["sftp", *sshd.options(), "-b", str(batch), sshd.target(world.alice)]


def _rsync(world: World, sshd: Sshd, files: Exchange, upload: bool) -> Sequence[str]:
    there = partial(sshd.path, world.alice)
    return ["rsync", "--whole-file", "--rsh", shlex.join(["ssh", *sshd.options()]), *(
        (f"{files.theirs}/data", there(files.ours / "arrived")) if upload else
        (there(files.ours / "data"), f"{files.theirs}/arrived"))]


def _log_in(world: World, program: _Client, upload: bool) -> Moved:
    """sshd on the users' side, the client on the peer's."""
    with exchange(world, world.alice.name) as files, Sshd(world) as sshd:
        client(world, *program(world, sshd, files, upload))
        return files.moved(upload, 1)


def _log_in_elsewhere(world: World, upload: bool) -> Moved:
    """The client is alice's, on the users' side, sshd on the peer's."""
    with exchange(world, world.alice.name) as files, Sshd(world, on_peer=True) as sshd:
        there = partial(sshd.path, world.alice)
        # alice is who writes the files on the peer's side, too.
        files.theirs.chmod(0o777)
        paths = ((files.ours / "data", there(files.theirs / "arrived")) if upload else
                 (there(files.theirs / "data"), files.ours / "arrived"))
        users_client(world, world.alice, "scp", *sshd.options(world.alice), *map(str, paths))
        return files.moved(not upload, 1)


def _over_loopback(world: World) -> Moved:
    """Both ends are alice's."""
    with exchange(world, world.alice.name) as files, Sshd(world) as sshd:
        there = sshd.path(world.alice, files.ours / "arrived", LOOPBACK[4])
        users_client(world, world.alice, "scp", *sshd.options(world.alice),
                     str(files.theirs / "data"), there)
        files.moved(received=True, connections=1)
        return Moved(SIZE, SIZE, 2)


@contextlib.contextmanager
def _forwarded(world: World, sshd: Sshd, port: int) -> Iterator[int]:
    """A port on the peer's side that leads over ssh to a port of the peer, from the users' side."""
    entrance = world.peer.free_port()
    forward = f"127.0.0.1:{entrance}:{world.links[0].peer4}:{port}"
    with serving_peers(world, entrance, [
            "ssh", *sshd.options(), "-o", "ExitOnForwardFailure=yes", "-N", "-L", forward,
            sshd.target(world.alice)]):
        yield entrance


def _forwarded_port(world: World) -> Moved:
    """What alice's session fetches from the peer's web server goes back through her session."""
    with (nginx_on_peer(world) as server, Sshd(world) as sshd,
          _forwarded(world, sshd, server.http) as entrance):
        client(world, *curl(f"http://127.0.0.1:{entrance}/file"))
    return Moved(SIZE, SIZE, 2)


_SSH, _SCP = ("sshd", "ssh", "ssh-keygen"), ("sshd", "ssh", "ssh-keygen", "scp")


CASES: Sequence[Case] = (
    *both_ways("scp", alice, partial(_log_in, program=_scp), _SCP),
    *both_ways("sftp", alice, partial(_log_in, program=_sftp), (*_SSH, "sftp")),
    *both_ways("rsync over ssh", alice, partial(_log_in, program=_rsync), (*_SSH, "rsync")),
    *both_ways("scp to another host,", alice, _log_in_elsewhere, _SCP),
    Case("scp over loopback", alice, _over_loopback, _SCP, loopback=True),
    Case("ssh forwarded port", alice, _forwarded_port, (*_SSH, "nginx", "curl")),
)
