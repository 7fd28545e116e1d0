# SPDX-License-Identifier: Apache-2.0
"""Rows as a Markdown table for people and as JSON for programs."""

import dataclasses
import json
import platform
from collections.abc import Mapping, Sequence

from .row import Row

_HEAD = ("case", "what", "value", "ratio", "target")
_VERDICT = {None: "", True: " (met)", False: " (MISSED)"}


def _number(value: float) -> str:
    """Three digits that say something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


def _cells(row: Row) -> tuple[str, ...]:
    what = f"{row.what}; {row.note}" if row.note else row.what
    ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
    return (row.case, what, f"{_number(row.value)} {row.unit}", ratio,
            row.target + _VERDICT[row.met])


def as_markdown(sections: Mapping[str, Sequence[Row]]) -> str:
    """A table for each section."""
    text = []
    for section, rows in sections.items():
        cells = [_HEAD, *map(_cells, rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
        lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        text.append(f"## {section}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(text)


def as_json(sections: Mapping[str, Sequence[Row]]) -> str:
    """Everything, with where it was measured."""
    return json.dumps({
        "kernel": platform.release(),
        "machine": platform.machine(),
        "sections": {section: [dataclasses.asdict(row) for row in rows]
                     for section, rows in sections.items()},
    }, indent=1) + "\n"
