# SPDX-License-Identifier: Apache-2.0
"""What `pdtt-exporter doctor` says."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from .exporter import binary, environment
from .shell import TIME_FACTOR
from .world import World

LAYERS = ("xdp", "sockops", "cgroup", "socket")
WAYS = ("tracepoint", "fentry", "kprobe")  # in the order in which they are tried


@dataclass(frozen=True)
class Row:
    """One thing that can or cannot run here."""

    kind: str  # layer, way, program or host
    name: str
    layer: str
    can_run: bool
    detail: str
    remedy: str


@dataclass(frozen=True)
class Diagnosis:
    """All that it says."""

    status: int  # its exit code
    can_run: bool
    kernel: str
    machine: str
    cgroup: str
    rows: list[Row]

    def of_kind(self, kind: str) -> dict[str, Row]:
        """The rows of a kind by name."""
        found = {row.name: row for row in self.rows if row.kind == kind}
        if len(found) != sum(row.kind == kind for row in self.rows):
            raise AssertionError(f"doctor has two rows of kind {kind} with one name: {self.rows}")
        return found

    def row(self, kind: str, name: str) -> Row:
        """The row about one thing."""
        rows = self.of_kind(kind)
        if name not in rows:
            raise AssertionError(f"doctor says nothing of {kind} {name}, only {list(rows)}")
        return rows[name]

    def best_way(self) -> str | None:
        """The first of the socket layer's ways that can be used here."""
        ways = self.of_kind("way")
        return next((way for way in WAYS if ways[way].can_run), None)


def run_doctor(world: World, *flags: str, settings: str = "",
               command: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Runs doctor to its end; `command` starts the executable, in surroundings of its own."""
    config = world.directory / "doctor.yml"
    config.write_text(settings, encoding="utf-8")
    config.chmod(0o644)
    return subprocess.run([*(command or (str(binary()),)), "doctor", f"--config.file={config}",
                           *flags], capture_output=True, text=True, check=False,
                          env=environment(), stdin=subprocess.DEVNULL, timeout=60 * TIME_FACTOR)


def diagnose(world: World, *flags: str, settings: str = "",
             command: Sequence[str] = ()) -> Diagnosis:
    """Runs doctor and reads its JSON strictly; whatever the exit code, it must be an answer."""
    done = run_doctor(world, "--json", *flags, settings=settings, command=command)
    if done.returncode not in (0, 1):
        raise AssertionError(f"doctor: exit {done.returncode}: {done.stderr}")
    answer = json.loads(done.stdout)
    rows = [Row(**row) for row in answer.pop("rows")]
    return Diagnosis(done.returncode, rows=rows, **answer)
