# SPDX-License-Identifier: Apache-2.0
"""Real accounts that own the test traffic."""

import os
import pwd
import re
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from . import shell

_PREFIX = "pdtt-"


@dataclass(frozen=True)
class TestUser:
    """An account made for one test run; daemons of all kinds let it in."""

    name: str
    uid: int
    gid: int
    home: Path
    password: str = field(repr=False)

    def remove(self) -> None:
        """Deletes the account and the group that came with it."""
        shell.run("userdel", "--force", self.name, check=False)


def create_user(role: str, homes: Path) -> TestUser:
    """Adds an account with a home below `homes`; `role` makes its name readable, or hostile."""
    name, home = f"{_PREFIX}{role}-{os.getpid()}", homes / role
    home.mkdir(parents=True)
    shell.run("useradd", "--no-create-home", "--home-dir", str(home), "--no-log-init",
              "--user-group", "--shell", "/bin/sh", *([] if role.isalnum() else ["--badname"]),
              name)
    entry = pwd.getpwnam(name)
    user = TestUser(name, entry.pw_uid, entry.pw_gid, home, secrets.token_hex(16))
    try:
        shutil.chown(home, user.uid, user.gid)
        # Without a password the account counts as locked: sshd refuses its keys, too.
        shell.run("chpasswd", text=f"{name}:{user.password}\n")
    except BaseException:
        user.remove()
        raise
    return user


def remove_leftovers() -> None:
    """Removes the accounts of test runs that were killed."""
    for entry in pwd.getpwall():
        match = re.fullmatch(_PREFIX + r"[^-]+-(\d+)", entry.pw_name)
        if match and not Path("/proc", match[1]).exists():
            shell.run("userdel", "--force", entry.pw_name, check=False)
