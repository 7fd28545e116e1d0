# SPDX-License-Identifier: Apache-2.0
"""What a case of the suite is. A module of cases has a module-level `CASES: Sequence[Case]`."""

import contextlib
import pwd
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pdtt_harness.programs import Moved
from pdtt_harness.world import World

# What a case moves, unless it has a reason: enough for 0.01 % to mean something, and soon done.
SIZE = 25_000_000

# Where the servers of loopback cases are reached, by family. The suite gives the addresses to the
# users' lo: unlike 127.0.0.1, nothing else on the host talks to them.
LOOPBACK = {4: "10.77.0.1", 6: "fd77::1"}


def _nothing() -> str:
    return ""


def unchanged(_: World) -> contextlib.AbstractContextManager[None]:
    """The stage as it is."""
    return contextlib.nullcontext()


@dataclass(frozen=True)
class Case:
    """One way of moving data, and who must get the bytes.

    `run` starts its servers on the right side, and ends them before it returns, also on failure.
    """

    name: str                            # as in the table, e.g. "vsftpd upload"
    owner: Callable[[World], str]        # name of the user who must get the bytes
    run: Callable[[World], Moved]        # moves the data; payload as seen from the users' side
    programs: tuple[str, ...] = ()       # executables it needs
    why_not: Callable[[], str] = _nothing  # a further reason why it can't run here, "" if it can
    loopback: bool = False               # both ends on the users' side, over lo
    # Changes the interfaces for the case, before anything is measured, and changes them back.
    stage: Callable[[World], contextlib.AbstractContextManager[None]] = unchanged


def both_ways(name: str, owner: Callable[[World], str], run: Callable[..., Moved],
              programs: tuple[str, ...], why_not: Callable[[], str] = _nothing,
              stage: Callable[[World], contextlib.AbstractContextManager[None]] = unchanged,
              more: str = "") -> Sequence[Case]:
    """The upload and the download, by `run(world, upload)`; `more` ends the names."""
    return [Case(f"{name} {direction}{more}", owner, partial(run, upload=direction == "upload"),
                 programs, why_not, stage=stage) for direction in ("upload", "download")]


def missing_user(name: str, package: str) -> str:
    """Why a case whose daemon runs as that user can't run here, or "" if it can."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return f"needs the user {name}, who comes with the package {package}"
    return ""


def alice(world: World) -> str:
    """The owner of most cases."""
    return world.alice.name
