# SPDX-License-Identifier: Apache-2.0
"""Results of tests, one line of JSON each, so that what is done stays when a guest hangs."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """How a test ended."""

    suite: str
    name: str
    status: str  # passed, failed, skipped
    detail: str = ""  # why it failed or was skipped
    seconds: float = 0.0


def note(file: Path, record: Record) -> None:
    """Adds a record."""
    with file.open("a", encoding="utf-8") as records:
        records.write(json.dumps(asdict(record)) + "\n")


def read(file: Path) -> list[Record]:
    """The records so far; a line that was not written to its end is left out."""
    found = []
    if file.exists():
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(Record(**json.loads(line)))
            except ValueError:
                continue
    return found
