# SPDX-License-Identifier: Apache-2.0
"""Movers of research data: GridFTP, which becomes the user, and XRootD, which doesn't."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pdtt_harness import shell
from pdtt_harness.programs import Moved
from pdtt_harness.world import World

from .case import Case, alice, both_ways, missing_user
from .serving import client, exchange, serving, with_mounts

_SUBJECT = "/O=pdtt/CN="
_POLICY = f"""\
access_id_CA X509 '{_SUBJECT}ca'
pos_rights globus CA:sign
cond_subjects globus '"/O=pdtt/*"'
"""

_XROOTD = """\
xrd.port {port}
xrd.network nodnr
xrootd.export /
xrootd.async off
oss.localroot {directory}/ours
all.adminpath {directory}/admin
all.pidpath {directory}/admin
"""


class _Credentials:
    """A certificate authority, and what it has certified: the server and the user."""

    def __init__(self, directory: Path, user: str) -> None:
        self._directory = directory
        directory.mkdir()
        self._certify("ca", "v3_ca", ())
        issuer = ("-CA", f"{directory}/ca.pem", "-CAkey", f"{directory}/ca.key")
        for name in ("server", "user"):
            self._certify(name, "usr_cert", issuer)
        trusted = directory / "trusted"
        trusted.mkdir()
        number = shell.run("openssl", "x509", "-noout", "-hash", "-in", f"{directory}/ca.pem")
        (trusted / f"{number.strip()}.0").symlink_to(directory / "ca.pem")
        (trusted / f"{number.strip()}.signing_policy").write_text(_POLICY, encoding="ascii")
        (directory / "grid-mapfile").write_text(f'"{_SUBJECT}user" {user}\n', encoding="ascii")

    def _certify(self, name: str, extensions: str, issuer: Sequence[str]) -> None:
        shell.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2",
                  "-extensions", extensions, "-subj", _SUBJECT + name, *issuer,
                  "-keyout", f"{self._directory}/{name}.key",
                  "-out", f"{self._directory}/{name}.pem")

    def environment(self, name: str) -> dict[str, str]:
        """The environment of a program that has the certificate of that name."""
        return os.environ | {"GLOBUS_HOSTNAME": name,
                             "X509_CERT_DIR": f"{self._directory}/trusted",
                             "X509_USER_CERT": f"{self._directory}/{name}.pem",
                             "X509_USER_KEY": f"{self._directory}/{name}.key",
                             "GRIDMAP": f"{self._directory}/grid-mapfile"}


def _gridftp(world: World, upload: bool, streams: int = 1) -> Moved:
    port, link = world.host.free_port(), world.links[0]
    with exchange(world, world.alice.name) as files:
        credentials = _Credentials(files.directory / "grid", world.alice.name)
        config = files.directory / "gridftp.conf"
        config.write_text(f"port {port}\ncontrol_interface {link.host4}\n"
                          f"data_interface {link.host4}\n", encoding="ascii")
        # Globus wants names that stand for the addresses, and addresses that have names.
        hosts = files.directory / "hosts"
        hosts.write_text(f"{link.host4} server\n{link.peer4} user\n", encoding="ascii")
        ours = f"gsiftp://{link.host4}:{port}{files.ours}"
        urls = ([f"file://{files.theirs}/data", f"{ours}/arrived"] if upload else
                [f"{ours}/data", f"file://{files.theirs}/arrived"])
        with serving(world, port, with_mounts({hosts: "/etc/hosts"}, "globus-gridftp-server",
                                              "-c", str(config)),
                     env=credentials.environment("server")):
            client(world, *with_mounts({hosts: "/etc/hosts"}, "globus-url-copy",
                                       "-parallel", str(streams),
                                       "-subject", f"{_SUBJECT}server", *urls),
                   env=credentials.environment("user"))
        return files.moved(upload, 1 + streams)


def _xrootd(world: World, upload: bool) -> Moved:
    port, address = world.host.free_port(), world.links[0].host4
    with exchange(world, "xrootd") as files:
        config = files.directory / "xrootd.cfg"
        config.write_text(_XROOTD.format(port=port, directory=files.directory), encoding="ascii")
        admin = files.directory / "admin"
        admin.mkdir()
        shell.run("chown", "xrootd", str(admin))
        ours = f"root://{address}:{port}/"
        paths = ([f"{files.theirs}/data", f"{ours}/arrived"] if upload else
                 [f"{ours}/data", f"{files.theirs}/arrived"])
        # Beside the file of -s it puts another one, else in /tmp, which it never removes.
        with serving(world, port, ["xrootd", "-R", "xrootd", "-s", f"{admin}/pid",
                                   "-c", str(config)]):
            client(world, "xrdcp", "--nopbar", *paths)
        return files.moved(upload, 1)


def _xrootd_user(_: World) -> str:
    return "xrootd"  # who logs in matters to its permissions only: the process stays the same


_GRIDFTP_NEEDS = ("globus-gridftp-server", "globus-url-copy", "openssl")

CASES: Sequence[Case] = (
    *both_ways("GridFTP", alice, _gridftp, _GRIDFTP_NEEDS),
    *both_ways("GridFTP", alice, partial(_gridftp, streams=4), _GRIDFTP_NEEDS,
               more=", 4 streams"),
    *both_ways("XRootD", _xrootd_user, _xrootd, ("xrdcp", "xrootd"),
               partial(missing_user, "xrootd", "xrootd-server")),
)
