# SPDX-License-Identifier: Apache-2.0
"""Real servers on one side, clients on the other, and the files that they exchange."""

import contextlib
import filecmp
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pdtt_harness.netns import Namespace
from pdtt_harness.programs import Moved, is_listening
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.users import TestUser
from pdtt_harness.world import World, finish, wait_for

from .case import SIZE

# A daemon that opens a connection and passes it on at once keeps what its user did not read
# before: a receive buffer, however much there is to come. The suite allows for 0.5 %.
BIG = 4 * SIZE

_DEADLINE = 60 * TIME_FACTOR
_MOUNT = """\
while [ "$1" != -- ]; do
  mount --bind "$1" "$2" || exit
  shift 2
done
shift
exec "$@"
"""


@dataclass(frozen=True)
class Exchange:
    """A file `data` on each side, which is to arrive as the other side's `arrived`."""

    directory: Path  # for what else the case needs
    ours: Path  # a directory of the user on the users' side
    theirs: Path  # the same of root on the peer's side

    def program(self, name: str) -> str:
        """A program of this package where the users can read it: not every work tree is."""
        return str(shutil.copy(Path(__file__).with_name(name), self.directory))

    def moved(self, received: bool, connections: int) -> Moved:
        """Checks what arrived: on the users' side if it was `received` there."""
        sides = (self.theirs, self.ours) if received else (self.ours, self.theirs)
        sent, arrived = sides[0] / "data", sides[1] / "arrived"
        size = sent.stat().st_size
        if not filecmp.cmp(sent, arrived, shallow=False):
            raise AssertionError(f"what arrived ({arrived.stat().st_size} bytes) is not what was "
                                 f"sent ({size} bytes)")
        return Moved(0, size, connections) if received else Moved(size, 0, connections)


@contextlib.contextmanager
def exchange(world: World, owner: str, size: int = SIZE) -> Iterator[Exchange]:
    """The files of a case, whose users' side belongs to the user of that name."""
    with tempfile.TemporaryDirectory(dir=world.directory) as name:
        directory = Path(name)
        directory.chmod(0o755)
        made = Exchange(directory, directory / "ours", directory / "theirs")
        for side, user in ((made.ours, owner), (made.theirs, "root")):
            side.mkdir()
            (side / "data").write_bytes(os.urandom(size))
            for path in (side, side / "data"):
                shutil.chown(path, user)
        yield made


@contextlib.contextmanager
def serving(world: World, port: int, argv: Sequence[str], user: TestUser | None = None,
            **options: Any) -> Iterator[None]:
    """A server of the user (None: root) that listens on the port; ends with all its children."""
    with _serving(world, world.host, port, partial(world.as_user, user, argv), options):
        yield


@contextlib.contextmanager
def serving_peers(world: World, port: int, argv: Sequence[str], **options: Any) -> Iterator[None]:
    """The same on the peer's side."""
    with _serving(world, world.peer, port, partial(world.as_peer, argv), options):
        yield


@contextlib.contextmanager
def _serving(world: World, side: Namespace, port: int,
             start: Callable[..., subprocess.Popen[Any]],
             options: dict[str, Any]) -> Iterator[None]:
    with (world.directory / f"server-{port}.log").open("w+", encoding="utf-8") as log:
        options.setdefault("stdout", log)
        process = start(stderr=log, start_new_session=True, **options)
        try:
            wait_for(lambda: process.poll() is not None or is_listening(side, port),
                     f"{process.args!r} listening", _DEADLINE)
            if process.poll() is not None:
                raise AssertionError(f"{process.args!r}: exit {process.returncode}")
            yield
        except (AssertionError, TimeoutError) as failure:
            log.seek(0)
            raise AssertionError(f"{failure}; the server said: {log.read()}") from failure
        finally:
            _end_group(process)


def _end_group(process: subprocess.Popen[Any]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10 * TIME_FACTOR)


def client(world: World, *argv: str, **options: Any) -> None:
    """Runs a program on the peer's side that must succeed."""
    _run(partial(world.as_peer, argv), options)


def users_client(world: World, user: TestUser | None, *argv: str, **options: Any) -> None:
    """Runs a program of the user (None: root) that must succeed."""
    _run(partial(world.as_user, user, argv), options)


def _run(start: Callable[..., subprocess.Popen[Any]], options: dict[str, Any]) -> None:
    process = start(start_new_session=True, **options)
    try:
        finish(process, _DEADLINE)
    except subprocess.TimeoutExpired as failure:
        raise AssertionError(str(failure)) from failure
    finally:
        _end_group(process)


def becoming(user: TestUser) -> list[str]:
    """What a command is started with by root that is to run as the user."""
    return ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--init-groups",
            "--pdeathsig", "KILL", "--"]


def with_mounts(mounts: dict[Path, str], *argv: str) -> list[str]:
    """A command that sees its own directories in place of the host's, which nobody else sees."""
    pairs = [str(path) for mount in mounts.items() for path in mount]
    return ["unshare", "--mount", "sh", "-c", _MOUNT, "sh", *pairs, "--", *argv]
