#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the image as compose.yml says, with Podman, then without each part of it in turn.

usage: sudo test/deploy/try_image.py IMAGE

A user of this host moves known bytes, outside of the container. Prints one row for each run: what
the exporter then knew. Ends with 0 if the whole file gives everything, if nothing is left in the
kernel, and if no part can go without something being missing.

It all happens in a network and a mount namespace of its own; where cgroup2 is not at
/sys/fs/cgroup (hybrid mode), it is put there in that namespace.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

from containers import COMPOSE, PERSIST, Options, engine_options, service, volume_options

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "e2e"))

# pylint: disable=wrong-import-position
from pdtt_harness.scrape import Scrape  # noqa: E402
from pdtt_harness.shell import run, run_json  # noqa: E402
from pdtt_harness.users import TestUser, create_user  # noqa: E402

SIZE = 3_000_000
PYTHON = "/usr/bin/python3"  # what users may execute, wherever this one comes from
SHELL = ROOT / "test" / "e2e" / "pdtt_harness" / "socket_shell.py"
CGROUP = Path("/sys/fs/cgroup")
PARENT = CGROUP / "libpod_parent"
URL = "http://127.0.0.1:10435"
# Debian's crun wants to raise limits, which not every test machine's root may; runc goes on.
ENGINE = ("podman", "--runtime=runc")
LIMITS = ("--pids-limit=-1", "--ulimit=nofile=1024:1024", "--ulimit=nproc=16384:16384")
# Added to the configuration of the compose file: only who reads it counts under that name.
SETTINGS = """networks:
  of_this_trial: [127.0.0.0/8, "::1/128"]
  internet: [0.0.0.0/0, "::/0"]
"""


class Peer:
    """Socket commands that a user carries out; the other end of the connection is read here."""

    def __init__(self, uid: int, gid: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._process = subprocess.Popen(
            ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", PYTHON, str(SHELL)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._do("connect", "127.0.0.1", self._listener.getsockname()[1])
        self._taken, _ = self._listener.accept()

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self._taken.close()
        self._listener.close()
        self._process.communicate()

    def _do(self, *command: object) -> None:
        assert self._process.stdin and self._process.stdout
        print(json.dumps(command), file=self._process.stdin, flush=True)
        self._process.stdout.readline()

    def send(self, size: int) -> None:
        """The user sends so much, and all of it arrives."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps(("send", size)), file=self._process.stdin, flush=True)
        while size:
            piece = self._taken.recv(min(size, 1 << 20))
            if not piece:
                raise RuntimeError("the user's connection ended early")
            size -= len(piece)
        self._process.stdout.readline()


def scrape() -> Scrape:
    """What is served now, no older than a second."""
    time.sleep(1.1)
    with urllib.request.urlopen(f"{URL}/metrics", timeout=30) as answer:
        return Scrape(answer.read().decode())


def loaded() -> set[int]:
    """All programs of the kernel."""
    return {found["id"] for found in run_json("bpftool", "-j", "prog", "show")}


class Container:
    """The container while it runs, as a context; `ready` says whether it came to serve."""

    def __init__(self, image: str, options: Options, *arguments: str) -> None:
        self.name = f"pdtt-trial-{os.getpid()}"
        self._process = subprocess.Popen(
            [*ENGINE, "run", "--name", self.name, *LIMITS, *options, image, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.ready, self.log = False, ""

    def __enter__(self) -> "Container":
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while self._process.poll() is None and time.monotonic() < deadline and not self.ready:
            try:
                with urllib.request.urlopen(f"{URL}/-/ready", timeout=2):
                    self.ready = True
            except OSError:
                time.sleep(0.2)

    def __exit__(self, *_: object) -> None:
        run(*ENGINE, "stop", "--time=10", self.name, check=False)
        self.log = self._process.communicate()[0]
        run(*ENGINE, "rm", "--force", self.name, check=False)

    def programs(self) -> set[int]:
        """The kernel's numbers of the programs that its process holds."""
        pid = run(*ENGINE, "inspect", "--format={{.State.Pid}}", self.name).strip()
        texts = [file.read_text(encoding="ascii") for file in Path(f"/proc/{pid}/fdinfo").iterdir()]
        return {int(found) for text in texts for found in re.findall(r"prog_id:\s*(\d+)", text)}

    def healthy(self) -> bool:
        """What the image's own check says."""
        return subprocess.run([*ENGINE, "healthcheck", "run", self.name], check=False,
                              capture_output=True, timeout=30).returncode == 0


class Trial:
    """One run of the container, and what was seen."""

    def __init__(self, image: str, user: TestUser, options: Options) -> None:
        self._image, self._user, self._options = image, user, options
        self.log = ""

    def look(self) -> dict[str, bool]:
        """Starts it, moves bytes, stops it; which of the things that it is for were there."""
        seen: dict[str, bool] = {}
        with Peer(self._user.uid, self._user.gid) as older:
            with Container(self._image, self._options) as container:
                if container.ready:
                    programs = container.programs()
                    seen = {**self._seen(older), "healthy": container.healthy()}
            self.log = container.log
        return {**seen, "clean": not programs & loaded()} if seen else {}

    def _seen(self, older: Peer) -> dict[str, bool]:
        uid = str(self._user.uid)
        first = scrape()
        older.send(SIZE)
        with Peer(self._user.uid, self._user.gid) as new:
            new.send(SIZE)
        with Peer(first_subuid(self._user), self._user.gid) as contained:
            contained.send(SIZE)
        last = scrape()
        last.assert_balanced()
        metric = "pdtt_user_transmit_bytes_total"
        gained = last.gained(first, metric, uid=uid)
        return {
            "counted": gained >= 2 * SIZE,
            "named": last.sum(metric, uid=uid, user=self._user.name) > 0,
            "older": first.sum("pdtt_user_connections", uid=uid) > 0,
            "sub-uids": gained >= 3 * SIZE,
            "guarded": self._refused(),
            "configured": last.sum(metric, network="of_this_trial") > 0,
        }

    def _refused(self) -> bool:
        """Whether another user of the host may not even connect."""
        program = "import socket; socket.create_connection(('127.0.0.1', 10435))"
        done = subprocess.run(["setpriv", f"--reuid={self._user.uid}", "--clear-groups", PYTHON,
                               "-c", program], check=False, capture_output=True, text=True)
        return "PermissionError" in done.stderr


def first_subuid(user: TestUser) -> int:
    """Of the range that useradd gave."""
    for line in Path("/etc/subuid").read_text(encoding="ascii").splitlines():
        name, first, _ = line.split(":")
        if name == user.name:
            return int(first)
    raise RuntimeError(f"{user.name} has no sub-uids: /etc/subuid must be there for useradd")


def without(options: Options) -> list[tuple[str, Options]]:
    """Every part that can be taken away, and what is left then."""
    parts = [option for option in options
             if option.startswith(("--cap-add", "--volume", "--network", "--security-opt=seccomp"))]
    rest = [(part, [option for option in options if option != part]) for part in parts]
    # The engine would make a network of its own, which needs more programs; this one has none.
    return [(part, [*left, "--network=none"] if part.startswith("--network") else left)
            for part, left in rest]


def row(part: str, seen: dict[str, bool], log: str) -> str:
    """A line of the table, and where it did not start, why."""
    if not seen:
        said = [line for line in log.splitlines() if line.startswith("pdtt-exporter: ")]
        return f"{part:45} {said[-1] if said else 'runs, but does not answer'}"
    return f"{part:45} " + " ".join(f"{name}={'yes' if fine else 'NO'}"
                                    for name, fine in seen.items())


def trials(image: str, user: TestUser, options: Options) -> bool:
    """Prints the table; false if something is not as it must be."""
    fine = True
    for part, left in [("(everything)", options), *without(options)]:
        trial = Trial(image, user, left)
        seen = trial.look()
        complete = bool(seen) and all(seen.values())
        fine = fine and seen.get("clean", True) and complete == (part == "(everything)")
        print(row(part, seen, trial.log), flush=True)
        if part == "(everything)" and not complete:
            print(trial.log)
    return fine


def persists(image: str, user: TestUser, options: Options) -> bool:
    """With persist.yml: counters go on over a restart, and detach leaves nothing."""
    arguments = service("exporter", PERSIST)["command"]
    options = [*options, *volume_options(service("exporter", PERSIST), {})]
    values = []
    for _ in range(2):
        with Container(image, options, *arguments) as container:
            with Peer(user.uid, user.gid) as peer:
                peer.send(SIZE)
            values.append(scrape().sum("pdtt_user_transmit_bytes_total", uid=str(user.uid)))
            programs = container.programs()
        with Peer(user.uid, user.gid) as peer:
            peer.send(SIZE)
    stays = bool(programs & loaded())
    detach = [argument for argument in arguments if argument.startswith("--pin-path")]
    run(*ENGINE, "run", "--rm", *LIMITS, *options, image, *detach, "detach")
    clean = not programs & loaded()
    went_on = values[1] - values[0] >= 2 * SIZE
    print(f"{'(with persist.yml)':45} stays={stays} goes-on={went_on} detached={clean}")
    return stays and went_on and clean


def enter_namespaces() -> None:
    """Becomes this program in namespaces of its own, once."""
    if os.environ.get("PDTT_TRIAL") != "inside":
        os.execvpe("unshare", ["unshare", "--net", "--mount", "--propagation=private",
                               sys.executable, *sys.argv], {**os.environ, "PDTT_TRIAL": "inside"})
    run("ip", "link", "set", "lo", "up")
    if not (CGROUP / "cgroup.procs").exists():
        run("umount", "--lazy", str(CGROUP))
        run("mount", "-t", "cgroup2", "cgroup2", str(CGROUP))
    run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")


def main(image: str) -> bool:
    """See above."""
    for program in ("podman", "runc", "bpftool", "setpriv"):
        if not shutil.which(program):
            sys.exit(f"{program} is not installed")
    enter_namespaces()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is removed
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pdtt-trial-")))
        user = create_user("alice", directory)
        stack.callback(user.remove)
        settings = directory / "pdtt"
        shutil.copytree(COMPOSE.parent / "pdtt", settings)
        with open(settings / "exporter.yml", "a", encoding="utf-8") as file:
            file.write(SETTINGS)
        options = engine_options(service("exporter"), {"./pdtt": str(settings)})
        if not PARENT.exists():
            stack.callback(remove_cgroups)
        return persists(image, user, options) & trials(image, user, options)


def remove_cgroups() -> None:
    """Podman leaves cgroups behind, empty ones; rmdir refuses those that are in use."""
    for folder in (*PARENT.glob("*/"), PARENT):
        with suppress(OSError):
            folder.rmdir()


if __name__ == "__main__":
    if len(sys.argv) != 2 or os.geteuid() != 0:
        sys.exit(__doc__)
    sys.exit(0 if main(sys.argv[1]) else 1)
