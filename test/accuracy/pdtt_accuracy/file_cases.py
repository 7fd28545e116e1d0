# SPDX-License-Identifier: Apache-2.0
"""File servers: Samba and the rsync daemon, which change to the user whose files they serve."""

from collections.abc import Sequence

from pdtt_harness import shell
from pdtt_harness.programs import Moved
from pdtt_harness.world import World

from .case import Case, alice, both_ways
from .serving import client, exchange, serving

_SMB = """\
[global]
server role = standalone server
smb ports = {port}
bind interfaces only = yes
interfaces = {address}/24
disable netbios = yes
load printers = no
disable spoolss = yes
passdb backend = tdbsam:{directory}/passdb.tdb
private dir = {directory}/private
lock directory = {directory}/lock
state directory = {directory}/state
cache directory = {directory}/cache
pid directory = {directory}/pid
ncalrpc dir = {directory}/ncalrpc
log file = {directory}/log
[files]
path = {directory}/ours
read only = no
"""

_RSYNCD = """\
port = {port}
address = {address}
pid file = {directory}/rsyncd.pid
use chroot = no
reverse lookup = no
[files]
path = {directory}/ours
read only = no
{user}
"""


def _samba(world: World, upload: bool) -> Moved:
    port, link, user = world.host.free_port(), world.links[0], world.alice
    with exchange(world, user.name) as files:
        config = str(files.directory / "smb.conf")
        text = _SMB.format(port=port, address=link.host4, directory=files.directory)
        (files.directory / "smb.conf").write_text(text, encoding="ascii")
        for name in ("private", "lock", "state", "cache", "pid", "ncalrpc"):
            (files.directory / name).mkdir()
        shell.run("smbpasswd", "-c", config, "-s", "-a", user.name,
                  text=f"{user.password}\n{user.password}\n")
        command = (f"put {files.theirs}/data arrived" if upload else
                   f"get data {files.theirs}/arrived")
        with serving(world, port, ["smbd", "--foreground", "--no-process-group",
                                   f"--log-basename={files.directory}", "--configfile", config]):
            client(world, "smbclient", "--configfile", config, "--port", str(port),
                   "--user", f"{user.name}%{user.password}", f"//{link.host4}/files",
                   "--command", command)
        return files.moved(upload, 1)


def _rsync_daemon(world: World, upload: bool, owner: str, setting: str) -> Moved:
    port, link = world.host.free_port(), world.links[0]
    with exchange(world, owner) as files:
        config = files.directory / "rsyncd.conf"
        config.write_text(_RSYNCD.format(port=port, address=link.host4, user=setting,
                                         directory=files.directory), encoding="ascii")
        ours = f"rsync://{link.host4}:{port}/files"
        paths = ([f"{files.theirs}/data", f"{ours}/arrived"] if upload else
                 [f"{ours}/data", f"{files.theirs}/arrived"])
        with serving(world, port, ["rsync", "--daemon", "--no-detach", f"--config={config}"]):
            client(world, "rsync", *paths)
        return files.moved(upload, 1)


def _rsync_as_alice(world: World, upload: bool) -> Moved:
    user = world.alice
    return _rsync_daemon(world, upload, user.name, f"uid = {user.name}\ngid = {user.name}")


def _rsync_as_nobody(world: World, upload: bool) -> Moved:
    # Without a uid of its own a daemon of root serves as nobody.
    return _rsync_daemon(world, upload, "nobody", "")


def _nobody(_: World) -> str:
    return "nobody"


_SAMBA_NEEDS = ("smbclient", "smbd", "smbpasswd")

CASES: Sequence[Case] = (
    *both_ways("Samba", alice, _samba, _SAMBA_NEEDS),
    *both_ways("rsync daemon", alice, _rsync_as_alice, ("rsync",)),
    *both_ways("rsync daemon without uid,", _nobody, _rsync_as_nobody, ("rsync",)),
)
