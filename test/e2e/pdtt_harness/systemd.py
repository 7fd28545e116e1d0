# SPDX-License-Identifier: Apache-2.0
"""A systemd of the test's own: in namespaces, on a copy-on-write view of a system's files.

It is the first process of its pid namespace and of a cgroup of its own; what it mounts, and every
file that it or its services write, goes with it.
"""

import os
import shutil
import subprocess
from pathlib import Path

from .cgroup import TestCgroup
from .shell import TIME_FACTOR

SYSTEMD = Path("/lib/systemd/systemd")

# $1 is an empty directory to build in, $2 one whose files it gets, $3 one that stays outside, $4
# the system below.
_BOOT = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$4,upperdir=$1/upper,workdir=$1/work" none "$1/root"
cd "$1/root"
mount -t proc none proc
mount -t sysfs none sys
mount -t cgroup2 none sys/fs/cgroup
mount -t bpf -o mode=700 none sys/fs/bpf
for directory in dev run tmp etc/systemd/system; do
  mount -t tmpfs -o mode=755 none "$directory"
done
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm dev/mqueue dev/hugepages
mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts
ln -s pts/ptmx dev/ptmx
mount -t mqueue none dev/mqueue
touch dev/kmsg "$3/log"
mount --bind "$3/log" dev/kmsg
mkdir run/results
mount --bind "$3" run/results
cp -r "$2/." .
mkdir old
pivot_root . old
umount --lazy old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=script.service --log-target=kmsg --show-status=no
"""

_SCRIPT_UNIT = """[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/bash /etc/script.sh
StandardOutput=file:/run/results/output
StandardError=file:/run/results/errors
ExecStopPost=/bin/systemctl --no-block --force --force poweroff
"""


class Machine:
    """Boots, runs one script and powers off."""

    def __init__(self, directory: Path, system: Path = Path("/")) -> None:
        """All is kept below `directory`; `system` is what it begins as, by default this host."""
        self._system = system
        self.files = directory / "files"  # what it finds below / at its start
        self.results = directory / "results"  # /run/results inside
        self._stage = directory / "stage"
        for path in (self.files, self.results, self._stage):
            path.mkdir()

    def add(self, source: Path | str, target: str) -> None:
        """Puts a file in place, or a text."""
        path = self.files / target.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(source, Path):
            shutil.copy(source, path)
        else:
            path.write_text(source, encoding="utf-8")

    def run(self, script: str, cgroup: TestCgroup, timeout: float = 90) -> str:
        """What the script printed; it starts when the machine is up."""
        self.add(script, "/etc/script.sh")
        self.add(_SCRIPT_UNIT, "/etc/systemd/system/script.service")
        unshare = ["unshare", "--cgroup", "--mount", "--pid", "--fork", "--kill-child", "--uts",
                   "--ipc", "--net"]
        join = f'echo $$ > {cgroup.path}/cgroup.procs && exec "$@"'
        subprocess.run(["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", join, "sh", *unshare,
                        "bash", "-c", _BOOT, "bash", str(self._stage), str(self.files),
                        str(self.results), str(self._system)], check=False, stdin=subprocess.DEVNULL,
                       timeout=timeout * TIME_FACTOR, env=os.environ)
        output = self.results / "output"
        if not output.exists():
            raise AssertionError(f"the script did not run: {self.text('log')[-2000:]}")
        return self.text("output")

    def text(self, name: str) -> str:
        """A file of the results."""
        file = self.results / name
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
