# SPDX-License-Identifier: Apache-2.0
"""FTP: a daemon of root logs the user in and moves the data as the user."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pdtt_harness.programs import Moved
from pdtt_harness.world import World

from .case import SIZE, Case, alice, both_ways
from .serving import BIG, client, exchange, serving, with_mounts

# Where fetch-proftpd.sh puts it: its package conflicts with that of vsftpd.
_PROGRAMS = Path(__file__).parents[3] / "build/_programs"
_CONNECTIONS = 2  # one for commands, one for data

_VSFTPD = """\
listen=YES
listen_address={address}
listen_port={port}
background=NO
anonymous_enable=NO
local_enable=YES
local_root={directory}/ours
write_enable=YES
connect_from_port_20=YES
pam_service_name=vsftpd
secure_chroot_dir={directory}/empty
"""
_PAM = """\
auth required pam_unix.so
account required pam_unix.so
session required pam_unix.so
"""

_PROFTPD = """\
ServerName test
ServerType standalone
UseReverseDNS off
DefaultAddress {address}
Port {port}
User nobody
Group nogroup
PidFile {directory}/proftpd.pid
ScoreboardFile {directory}/proftpd.scoreboard
DelayTable none
WtmpLog off
TransferLog none
AuthPAM off
AuthOrder mod_auth_unix.c
RequireValidShell off
DefaultRoot {directory}/ours
DefaultChdir /
AllowOverwrite on
"""


def _transfer(world: World, directory: Path, port: int, upload: bool, active: bool) -> None:
    link, user = world.links[0], world.alice
    mode = ["--ftp-port", link.peer4] if active else []
    source = f"{directory}/theirs/data"
    what = (["--upload-file", source, f"ftp://{link.host4}:{port}/arrived"] if upload else
            ["--output", f"{directory}/theirs/arrived", f"ftp://{link.host4}:{port}/data"])
    client(world, "curl", "--silent", "--show-error", "--noproxy", "*",
           "--user", f"{user.name}:{user.password}", *mode, *what)


def _vsftpd(world: World, upload: bool, active: bool = False) -> Moved:
    port = world.host.free_port()
    with exchange(world, world.alice.name, BIG if upload else SIZE) as files:
        pam = files.directory / "pam.d"
        for made in (pam, files.directory / "empty"):
            made.mkdir()
        (pam / "vsftpd").write_text(_PAM, encoding="ascii")
        config = files.directory / "vsftpd.conf"
        config.write_text(_VSFTPD.format(address=world.links[0].host4, port=port,
                                         directory=files.directory), encoding="ascii")
        with serving(world, port, with_mounts({pam: "/etc/pam.d"}, "vsftpd", str(config))):
            _transfer(world, files.directory, port, upload, active)
        return files.moved(upload, _CONNECTIONS)


def _proftpd(world: World, upload: bool) -> Moved:
    port = world.host.free_port()
    with exchange(world, world.alice.name) as files:
        config = files.directory / "proftpd.conf"
        config.write_text(_PROFTPD.format(address=world.links[0].host4, port=port,
                                          directory=files.directory), encoding="ascii")
        with serving(world, port, [str(_proftpd_program()), "--nodaemon", "--config", str(config)],
                     env=os.environ | {"LD_LIBRARY_PATH": str(_PROGRAMS / "proftpd/lib")}):
            _transfer(world, files.directory, port, upload, active=False)
        return files.moved(upload, _CONNECTIONS)


def _proftpd_program() -> Path:
    return _PROGRAMS / "proftpd/proftpd"


def _why_no_proftpd() -> str:
    return "" if _proftpd_program().exists() else (
        "needs proftpd: test/accuracy/fetch-proftpd.sh build/_programs")


_VSFTPD_NEEDS = ("curl", "unshare", "vsftpd")

CASES: Sequence[Case] = (
    *both_ways("vsftpd", alice, _vsftpd, _VSFTPD_NEEDS),
    Case("vsftpd download, active", alice, partial(_vsftpd, upload=False, active=True),
         _VSFTPD_NEEDS),
    *both_ways("proftpd", alice, _proftpd, ("curl",), _why_no_proftpd),
)
