#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dashboards' queries keep the rules of Grafana's dashboard linter, and some of their own.

No Prometheus runs here; test/e2e/test_dashboards.py asks the queries of real data.
"""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from collections.abc import Iterator

from dashboard_case import DashboardTest, documented
from pdtt_harness.dashboards import Json, Query, fill, queries

SAMPLE = {"datasource": "prometheus", "job": "pdtt", "instance": "a:1", "user": "alice",
          "network": "internet", "__rate_interval": "1m", "__range": "6h"}
# Counters that are no rates: the balance is 0 only between the very numbers of one scrape.
COUNTERS_AS_THEY_ARE = {("pdtt-exporter", "Balance"), ("pdtt-exporter", "Bytes in no account")}
OF_PROMETHEUS = {"up": {"job", "instance"}}


class Queries(DashboardTest):
    """What each query keeps to."""

    def test_rates_are_over_the_interval_that_fits_the_graph(self) -> None:
        def check(query: Query) -> None:
            for selector in query.selectors:
                if selector.function in ("rate", "irate"):
                    self.assertEqual(selector.range, "$__rate_interval")
                elif selector.range is not None:
                    self.assertIn(selector.function, ("increase", "present_over_time"))
                    self.assertEqual(selector.range, "$__range")

        self.for_each_query(check)

    def test_each_selector_asks_the_chosen_jobs_and_instances(self) -> None:
        def check(query: Query) -> None:
            self.assertTrue(query.selectors)
            for selector in query.selectors:
                self.assertIn(("job", "=~", "$job"), selector.matchers)
                self.assertIn(("instance", "=~", "$instance"), selector.matchers)

        self.for_each_query(check)

    def test_counters_are_not_shown_as_they_are(self) -> None:
        def check(query: Query) -> None:
            if (query.dashboard, query.panel) in COUNTERS_AS_THEY_ARE:
                return
            for selector in query.selectors:
                if selector.metric.endswith("_total"):
                    self.assertIn(selector.function, ("rate", "increase"), selector.metric)

        self.for_each_query(check)

    def test_metrics_and_their_labels_are_documented(self) -> None:
        known = documented() | OF_PROMETHEUS
        self.assertGreater(len(known), 40, "the tables could not be read")
        def check(query: Query) -> None:
            names = re.findall(r"\b(?:(?:pdtt|process)_\w+|up)\b", query.expression)
            self.assertEqual(len(names), len(query.selectors), "a metric without a selector")
            for selector in query.selectors:
                self.assertLessEqual({label for label, _, _ in selector.matchers},
                                     known[selector.metric], selector.metric)
            labels = set().union(*(known[selector.metric] for selector in query.selectors))
            for listed in re.findall(r"\b(?:by|on|group_left) \(([^)]*)\)", query.expression):
                self.assertLessEqual(set(filter(None, listed.split(", "))), labels)
            self.assertLessEqual(set(re.findall(r"\{\{(\w+)\}\}", query.legend)), labels)

        self.for_each_query(check)

    def test_each_is_promql(self) -> None:
        if not shutil.which("promtool"):
            self.skipTest("needs promtool")
        rules = [{"record": f"query:{index}", "expr": text}
                 for index, text in enumerate(self.expressions())]
        self.assertGreater(len(rules), 100)
        self.assertEqual(self.promtool(rules), "")
        self.assertNotEqual(self.promtool([{"record": "query:0", "expr": "sum by (a"}]), "")

    def expressions(self) -> Iterator[str]:
        """Every query and every selector of a variable, filled in."""
        for dashboard in self.all.values():
            for query in queries(dashboard):
                yield query.filled(SAMPLE)
            for variable in dashboard["templating"]["list"]:
                if variable["type"] == "query":
                    inside = variable["query"].removeprefix("label_values(")
                    yield fill(inside.rpartition(", ")[0], SAMPLE)

    def promtool(self, rules: list[Json]) -> str:
        """What promtool has against rules; it reads YAML, of which JSON is a part."""
        with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
            json.dump({"groups": [{"name": "dashboards", "rules": rules}]}, file)
            file.flush()
            done = subprocess.run(["promtool", "check", "rules", "--lint=none", file.name],
                                  capture_output=True, text=True, timeout=30, check=False)
        return done.stderr if done.returncode else ""


if __name__ == "__main__":
    unittest.main()
