# SPDX-License-Identifier: Apache-2.0
"""Real accounts that own the test traffic."""

import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path

from . import shell

_PREFIX = "pdtt-"


@dataclass(frozen=True)
class TestUser:
    """An account made for one test run."""

    name: str
    uid: int
    gid: int

    def remove(self) -> None:
        """Deletes the account and the group that came with it."""
        shell.run("userdel", "--force", self.name, check=False)


def create_user(role: str) -> TestUser:
    """Adds an account without a home; `role` makes its name readable."""
    name = f"{_PREFIX}{role}-{os.getpid()}"
    shell.run("useradd", "--no-create-home", "--no-log-init", "--user-group", "--shell",
              "/usr/sbin/nologin", name)
    entry = pwd.getpwnam(name)
    return TestUser(name, entry.pw_uid, entry.pw_gid)


def remove_leftovers() -> None:
    """Removes the accounts of test runs that were killed."""
    for entry in pwd.getpwall():
        match = re.fullmatch(_PREFIX + r"[a-z]+-(\d+)", entry.pw_name)
        if match and not Path("/proc", match[1]).exists():
            shell.run("userdel", "--force", entry.pw_name, check=False)
