# SPDX-License-Identifier: Apache-2.0
"""Runs the sections and prints one table; run.sh builds what it needs and starts it."""

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pdtt_harness.case import end_on_signals

from .row import Options, Row, Say
from .table import as_json, as_markdown

# Each is a module of this package with run(options, say), which yields rows.
SECTIONS = ("packet", "contention", "network", "scrape", "rest")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="test/bench/run.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes instead of fifteen")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE, too")
    parser.add_argument("--exporter", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--programs", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("sections", nargs="*", metavar="SECTION",
                        help=f"of {', '.join(SECTIONS)}; default: all")
    arguments = parser.parse_args()
    for section in arguments.sections:
        if section not in SECTIONS:
            parser.error(f"there is no section {section}; sections are {', '.join(SECTIONS)}")
    return arguments


def _progress(section: str) -> Say:
    begin = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - begin:5.0f} s] {section}: {what}", file=sys.stderr, flush=True)

    return say


def main() -> None:
    """Exit code 1: a target was missed, or a section failed."""
    arguments = _arguments()
    end_on_signals()
    options = Options(arguments.quick, arguments.exporter, arguments.programs)
    measured: dict[str, Sequence[Row]] = {}
    for section in arguments.sections or SECTIONS:
        module = importlib.import_module(f"pdtt_bench.{section}")
        measured[section] = list(module.run(options, _progress(section)))
    print(as_markdown(measured))
    if arguments.json:
        arguments.json.write_text(as_json(measured), encoding="utf-8")
    missed = [row for rows in measured.values() for row in rows if row.met is False]
    if missed:
        sys.exit(f"targets missed: {len(missed)}")


if __name__ == "__main__":
    main()
