# SPDX-License-Identifier: Apache-2.0
"""What the tests of the dashboards' files share."""

import re
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

sys.path.append(str(Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
from pdtt_harness import dashboards
from pdtt_harness.dashboards import Json, Query, panels, queries


def documented() -> dict[str, set[str]]:
    """Metrics and their labels in docs/metrics.md."""
    found: dict[str, set[str]] = {}
    page = dashboards.ROOT / "docs" / "metrics.md"
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in re.findall(r"`((?:pdtt|process)_\w+)`", cells[0]):
            if line.startswith("|"):
                found[name] = {"job", "instance", *re.findall(r"`(\w+)`", cells[2])}
    return found


class DashboardTest(unittest.TestCase):
    """Checks that are made of each dashboard, panel or query."""

    all: ClassVar[dict[str, Json]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.all = dashboards.load()

    def for_each(self, check: Callable[[Json], None]) -> None:
        """Checks each dashboard."""
        for uid, dashboard in self.all.items():
            with self.subTest(uid):
                check(dashboard)

    def for_each_panel(self, check: Callable[[Json, Json], None]) -> None:
        """Checks each panel of each dashboard."""
        for uid, dashboard in self.all.items():
            for panel in panels(dashboard):
                with self.subTest(f"{uid}: {panel['title']}"):
                    check(dashboard, panel)

    def for_each_query(self, check: Callable[[Query], None]) -> None:
        """Checks each query of each panel."""
        for dashboard in self.all.values():
            for query in queries(dashboard):
                with self.subTest(str(query)):
                    check(query)

    def variables(self, dashboard: Json) -> dict[str, Json]:
        """The variables of a dashboard by name."""
        return {variable["name"]: variable for variable in dashboard["templating"]["list"]}
