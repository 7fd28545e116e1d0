# SPDX-License-Identifier: Apache-2.0
"""Containers of a user without privileges: with a network of their own, or with the host's.

Every packet crosses two sockets where the network is their own: that of the program inside, and
that of the process outside that carries it on. The wire, and so the user, has it once.
"""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pdtt_harness import shell
from pdtt_harness.programs import Moved
from pdtt_harness.world import World

from . import netcat
from .case import Case, alice, both_ways
from .serving import becoming, exchange

# Not on every host may users open the device.
_WITH_TUN = ("unshare", "--mount", "sh", "-ec",
             'mount -t tmpfs tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200; exec "$@"', "sh")
# Any user but 0 of a container is one of the owner's sub-uids.
_AS_SUB_UID = ("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups")


def _why_not() -> str:
    made = subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", "unshare", "--user",
                           "--map-root-user", "true"], capture_output=True, check=False)
    return "" if made.returncode == 0 else "users can't make user namespaces here"


def _slirp4netns(world: World, upload: bool, options: Sequence[str] = (),
                 prefix: Sequence[str] = ()) -> Moved:
    with exchange(world, world.alice.name) as files:
        netcat.connect(world, None, files, upload,
                       [*_WITH_TUN, *becoming(world.alice),
                        "sh", files.program("container.sh"), str(files.ours), *options, "--",
                        *prefix])
        return files.moved(not upload, 1)


def _pasta(world: World, upload: bool) -> Moved:
    with exchange(world, world.alice.name) as files:
        # The peer is the gateway here, which pasta would take for the host's loopback.
        netcat.connect(world, None, files, upload,
                       [*_WITH_TUN, *becoming(world.alice),
                        "pasta", "--config-net", "--no-map-gw", "--quiet", "--foreground", "--"])
        return files.moved(not upload, 1)


def _host_network(world: World, upload: bool) -> Moved:
    with exchange(world, world.alice.name) as files:
        netcat.connect(world, world.alice, files, upload,
                       ["unshare", "--user", "--map-root-user", "--map-auto", "--", *_AS_SUB_UID])
        return files.moved(not upload, 1)


@contextlib.contextmanager
def _default_route(world: World) -> Iterator[None]:
    """pasta takes its addresses from the interface that has it."""
    route = ("default", "via", world.links[0].peer4)
    world.host.ip("route", "add", *route)
    try:
        yield
    finally:
        world.host.ip("route", "del", *route)


@contextlib.contextmanager
def _sub_uids(world: World) -> Iterator[None]:
    """Most hosts give every new user sub-uids; they go with the user."""
    name = world.alice.name
    for kind in ("uid", "gid"):
        path = Path(f"/etc/sub{kind}")
        if not path.exists() or f"{name}:" not in path.read_text(encoding="utf-8"):
            shell.run("usermod", f"--add-sub{kind}s", "600000000-600065535", name)
    yield


_WITH_SUB_UIDS = partial(_slirp4netns, options=("--map-auto",), prefix=_AS_SUB_UID)
_SLIRP_NEEDS = ("nc", "slirp4netns", "unshare")
_PASTA_NEEDS = ("nc", "pasta", "unshare")
_SUB_UID_NEEDS = ("nc", "newuidmap", "unshare")

CASES: Sequence[Case] = (
    *both_ways("container with slirp4netns,", alice, _slirp4netns, _SLIRP_NEEDS, _why_not),
    *both_ways("container with slirp4netns and sub-uid,", alice, _WITH_SUB_UIDS,
               _SLIRP_NEEDS + _SUB_UID_NEEDS, _why_not, _sub_uids),
    *both_ways("container with pasta,", alice, _pasta, _PASTA_NEEDS, _why_not, _default_route),
    *both_ways("sub-uid on the host's network,", alice, _host_network, _SUB_UID_NEEDS, _why_not,
               _sub_uids),
)
