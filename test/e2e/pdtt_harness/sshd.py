# SPDX-License-Identifier: Apache-2.0
"""A real sshd of the test's own, and the way in for its clients."""

import shutil
import subprocess
from pathlib import Path

from . import shell
from .programs import wait_listening
from .users import TestUser
from .world import World, stop

_PROGRAM = "/usr/sbin/sshd"  # it starts itself again for each connection: by its full path
_CHROOT = Path("/run/sshd")

# PAM would need a service file in /etc, and brings modules that differ between hosts. The keys are
# in a directory below /tmp, which StrictModes does not trust.
_CONFIG = """\
Port {port}
HostKey {directory}/host_key
PidFile none
AuthorizedKeysFile {directory}/user_key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
MaxStartups 1000
MaxSessions 1000
LoginGraceTime 300
Subsystem sftp /usr/lib/openssh/sftp-server
{settings}
"""


class Sshd:
    """sshd on the users' side, or on the peers' side; every user of the world may log in.

    It leaves the empty directory /run/sshd behind, which a host that runs sshd has anyway.
    """

    def __init__(self, world: World, on_peer: bool = False, settings: str = "") -> None:
        """`settings` are further lines of sshd_config."""
        side = world.peer if on_peer else world.host
        self._address = world.links[0].peer4 if on_peer else world.links[0].host4
        self.port = side.free_port()
        self._directory = world.directory / f"sshd-{self.port}"
        self._directory.mkdir()
        _CHROOT.mkdir(exist_ok=True)
        for name in ("host_key", "user_key"):
            shell.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                      str(self._directory / name))
        host_key = (self._directory / "host_key.pub").read_text(encoding="ascii")
        (self._directory / "known_hosts").write_text(f"* {host_key}", encoding="ascii")
        config = self._directory / "sshd_config"
        config.write_text(_CONFIG.format(port=self.port, directory=self._directory,
                                         settings=settings), encoding="utf-8")
        argv = [_PROGRAM, "-D", "-f", str(config), "-E", str(self._directory / "log")]
        # Not pipes: sessions inherit them and would keep them open.
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = (world.as_peer(argv, **quiet) if on_peer
                        else world.as_user(None, argv, **quiet))
        try:
            wait_listening(side, self.port)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Sshd":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the listener; a session ends with its client."""
        stop(self.process)

    def target(self, user: TestUser, address: str = "") -> str:
        """Whom and where to log in, for ssh; `address` is one of the side sshd runs on."""
        return f"{user.name}@{address or self._address}"

    def path(self, user: TestUser, path: str | Path, address: str = "") -> str:
        """A file of the user on sshd's side, for scp, sftp and rsync."""
        address = address or self._address
        return f"{user.name}@{f'[{address}]' if ':' in address else address}:{path}"

    def options(self, client: TestUser | None = None) -> list[str]:
        """What ssh, scp and sftp need; `client` is who runs them, None for root."""
        settings = {
            "Port": self.port,
            "IdentityFile": self._key(client),
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": self._directory / "known_hosts",
            "GlobalKnownHostsFile": "none",
            "StrictHostKeyChecking": "yes",
            "UpdateHostKeys": "no",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
            # The cheapest: many sessions have to start on few processors.
            "KexAlgorithms": "curve25519-sha256",
            "Ciphers": "aes128-gcm@openssh.com",
        }
        return ["-F", "none", *(word for key, value in settings.items()
                                for word in ("-o", f"{key}={value}"))]

    def _key(self, client: TestUser | None) -> Path:
        """The private key: ssh takes it only from a file that nobody but its user can read."""
        key = self._directory / "user_key"
        if client is None:
            return key
        own = client.home / f"key-{self.port}"
        if not own.exists():
            shutil.copy(key, own)
            shutil.chown(own, client.uid, client.gid)
        return own
