# SPDX-License-Identifier: Apache-2.0
"""What a section of the benchmark is given, and the rows of the table that it gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], None]  # shows progress, one short line


@dataclass(frozen=True)
class Options:
    """The same for every section."""

    quick: bool  # fewer cases and shorter runs: two minutes for all sections together
    exporter: Path  # the executable under test, a release build
    programs: Path  # the folder of the benchmark's own executables


@dataclass(frozen=True)
class Row:
    """One measurement of one thing in one case; a case's rows stand together."""

    case: str
    what: str  # what was measured: "ours", "empty program", "original layout", ...
    value: float
    unit: str  # "ns", "Gbit/s", "ms", "MB", ...
    ratio: float | None = None  # to the reference of the case, measured in turn with it
    target: str = ""  # what is to be reached, in words; empty: none
    met: bool | None = None  # None: there is no target
    note: str = ""
