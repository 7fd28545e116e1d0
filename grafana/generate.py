#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the dashboards into the folder `dashboards`; with --check only says if they are old."""

import argparse
import json
import sys
from pathlib import Path

from pdtt_dashboards import connections, exporter, fleet, user, users

DASHBOARDS = [module.DASHBOARD for module in (users, user, fleet, connections, exporter)]
FOLDER = Path(__file__).parent / "dashboards"


def main() -> int:
    """Writes or compares; 1 if a file is not what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    old = 0
    for dashboard in DASHBOARDS:
        path = FOLDER / f"{dashboard.uid}.json"
        text = json.dumps(dashboard.json(DASHBOARDS), indent=2, ensure_ascii=False) + "\n"
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            print(f"{path} is old: run {Path(__file__).name}", file=sys.stderr)
            old = 1
        elif not check:
            path.write_text(text, encoding="utf-8")
    return old


if __name__ == "__main__":
    sys.exit(main())
