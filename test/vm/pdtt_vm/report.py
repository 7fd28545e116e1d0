# SPDX-License-Identifier: Apache-2.0
"""What came out of the guests: the matrix, the failures, the JUnit report and docs/kernels.md."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .kernels import Kernel
from .records import Record

LAYERS = ("xdp", "sockops", "cgroup", "socket")
WAYS = ("tracepoint", "fentry", "kprobe")


@dataclass
class Result:
    """One kernel's part; `doctor` is what `doctor --json` printed there."""

    name: str
    kernel: Kernel | None = None
    skipped: str = ""  # why it could not be had
    records: list[Record] = field(default_factory=list)
    doctor: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def failed(self) -> list[Record]:
        """What went wrong."""
        return [record for record in self.records if record.status == "failed"]


def read_doctor(file: Path) -> dict[str, Any]:
    """What doctor printed, or nothing if it printed nothing that can be read."""
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError):
        return {}


def _rows(doctor: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [row for row in doctor.get("rows", []) if row["kind"] == kind]


def _layer_cell(doctor: dict[str, Any], layer: str) -> str:
    for row in _rows(doctor, "layer"):
        if row["name"] == layer:
            return str(row["detail"]).split(";")[0] if row["can_run"] else "no"
    return "?"


def _way_cell(doctor: dict[str, Any], way: str) -> str:
    for row in _rows(doctor, "way"):
        if row["name"] == way:
            return "yes" if row["can_run"] else "no"
    return "?"


def _count(records: Iterable[Record]) -> str:
    count = Counter(record.status for record in records)
    return f"{count['passed']} / {count['failed']} / {count['skipped']}"


def _by_suite(records: Sequence[Record]) -> str:
    suites = dict.fromkeys(record.suite for record in records)
    return ", ".join(f"{suite} {_count(record for record in records if record.suite == suite)}"
                     for suite in suites)


def matrix(results: Sequence[Result], host: dict[str, Any]) -> list[list[str]]:
    """Kernel x layer x way, with a heading; the last row is this machine's own kernel."""
    table = [["kernel", *LAYERS, *WAYS, "passed / failed / skipped"]]
    for result in results:
        if result.kernel is None:
            table.append([result.name, *["skipped"] * (len(LAYERS) + len(WAYS)), ""])
            continue
        table.append([result.kernel.release, *_cells(result.doctor), _count(result.records)])
    if host:
        table.append([f"{host['kernel']} (the host)", *_cells(host), "its own tests"])
    return table


def _cells(doctor: dict[str, Any]) -> list[str]:
    return [*(_layer_cell(doctor, layer) for layer in LAYERS),
            *(_way_cell(doctor, way) for way in WAYS)]


def as_text(table: Sequence[Sequence[str]]) -> str:
    """A table in columns."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in table)


def as_markdown(table: Sequence[Sequence[str]]) -> str:
    """The same for a page."""
    rows = ["| " + " | ".join(row) + " |" for row in table]
    rows.insert(1, "|" + "---|" * len(table[0]))
    return "\n".join(rows)


def print_failures(results: Sequence[Result]) -> None:
    """Every failure with what it said, and every reason for which something was skipped."""
    for result in results:
        for record in result.failed():
            print(f"\nFAILED on {result.name}: {record.suite}: {record.name}\n{record.detail}")
    reasons: dict[tuple[str, str], int] = {}
    for result in results:
        for record in result.records:
            if record.status == "skipped":
                key = (result.name, " ".join(record.detail.split()))
                reasons[key] = reasons.get(key, 0) + 1
    for (name, reason), number in reasons.items():
        print(f"skipped on {name}: {number}: {reason}")


def write_junit(results: Sequence[Result], target: Path) -> None:
    """In the form that ctest writes, which test/summary.py reads."""
    suite = ElementTree.Element("testsuite", name="vm")
    words = {"passed": "run", "failed": "fail", "skipped": "notrun"}
    for result in results:
        records = result.records
        if result.kernel is None:
            records = [Record("kernel", "all", "skipped", result.skipped)]
        for record in records:
            case = ElementTree.SubElement(
                suite, "testcase", name=f"vm.{result.name}.{record.suite}.{record.name}",
                classname="vm", time=f"{record.seconds:.1f}", status=words[record.status])
            said = f"skipped: {record.detail}" if record.status == "skipped" else record.detail
            if record.status == "failed":
                ElementTree.SubElement(case, "failure", message="")
            if record.status == "skipped":
                ElementTree.SubElement(case, "skipped", message="")
            ElementTree.SubElement(case, "system-out").text = _printable(said)
    target.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(target, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """XML has no way to write most control characters."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


def page(results: Sequence[Result], host: dict[str, Any], left_out: str) -> str:
    """docs/kernels.md."""
    parts = ["<!-- SPDX-License-Identifier: Apache-2.0 -->", "# Kernels", _INTRODUCTION,
             as_markdown(matrix(results, host)), _LEGEND]
    for result in results:
        parts.append(f"## {result.name}")
        if result.kernel is None:
            parts.append(f"Skipped: {result.skipped}.")
            continue
        parts.append(f"{result.kernel.release}, package {result.kernel.package}. Tests passed, "
                     f"failed and skipped: {_by_suite(result.records)}.")
        parts += _without(result.doctor)
        parts += _skips(result)
    if host:
        parts.append(f"## {host['kernel']}, the machine this was written on")
        parts += _without(host)
    parts += ["## What is run", left_out]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """\
Written by `sudo test/vm/run.sh --write-docs`. It boots Debian's own kernels in virtual machines on
this machine's files, and runs the tests in them. The first columns are what `pdtt-exporter doctor`
says there, and the exporter was started with each way of the socket layer and had to agree."""

_LEGEND = """\
tracepoint, fentry and kprobe are the ways of the socket layer; the first that works is taken.
`layers.socket` in the configuration forces one."""


def _without(doctor: dict[str, Any]) -> list[str]:
    names: dict[str, list[str]] = {}
    for row in doctor.get("rows", []):
        if not row["can_run"]:
            names.setdefault(" ".join(str(row["detail"]).split()), []).append(row["name"])
    lines = [f"- {', '.join(those)}: {reason}" for reason, those in names.items()]
    if not doctor:
        return ["What it lacks is not known: doctor did not get as far as saying it."]
    return ["What it does without:\n\n" + "\n".join(lines)] if lines else ["It lacks nothing."]


def _skips(result: Result) -> list[str]:
    reasons = Counter(" ".join(record.detail.split()) for record in result.records
                      if record.status == "skipped")
    if not reasons:
        return []
    return ["Skipped tests:\n\n" + "\n".join(f"- {number}: {reason}"
                                              for reason, number in reasons.items())]
