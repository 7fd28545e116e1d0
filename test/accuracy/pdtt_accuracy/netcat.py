# SPDX-License-Identifier: Apache-2.0
"""nc on either side: it moves a file over one connection and ends."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pdtt_harness.users import TestUser
from pdtt_harness.world import World

from .serving import Exchange, client, serving, serving_peers, users_client


def serve(world: World, user: TestUser, files: Exchange, upload: bool,
          prefix: Sequence[str] = ()) -> None:
    """A client on the peer's side uploads to nc of the user, or downloads from it."""
    port = world.host.free_port()
    with (_redirected(files.ours, sends=not upload) as ours,
          serving(world, port, [*prefix, *_nc(not upload), "-l", "0.0.0.0", str(port)], user,
                  **ours)):
        fetch(world, files, port, upload, prefix)


def fetch(world: World, files: Exchange, port: int, upload: bool,
          prefix: Sequence[str] = ()) -> None:
    """nc on the peer's side uploads to a server on the users' side, or downloads from it."""
    with _redirected(files.theirs, sends=upload) as theirs:
        client(world, *prefix, *_nc(upload), world.links[0].host4, str(port), **theirs)


def connect(world: World, user: TestUser | None, files: Exchange, upload: bool,
            prefix: Sequence[str], peers_prefix: Sequence[str] = ()) -> None:
    """nc of the user (None: root) uploads to a server on the peer's side, or downloads from it."""
    port, address = world.peer.free_port(), world.links[0].peer4
    with (_redirected(files.theirs, sends=not upload) as theirs,
          serving_peers(world, port, [*peers_prefix, *_nc(not upload), "-l", address, str(port)],
                        **theirs),
          _redirected(files.ours, sends=upload) as ours):
        users_client(world, user, *prefix, *_nc(upload), address, str(port), **ours)


def _nc(sends: bool) -> list[str]:
    return ["nc", "-n", "-N" if sends else "-d"]


@contextlib.contextmanager
def _redirected(directory: Path, sends: bool) -> Iterator[dict[str, Any]]:
    if sends:
        with (directory / "data").open("rb") as data:
            yield {"stdin": data}
    else:
        with (directory / "arrived").open("wb") as arrived:
            yield {"stdout": arrived}
