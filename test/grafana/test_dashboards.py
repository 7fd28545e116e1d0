#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dashboards and panels keep the rules of Grafana's dashboard linter, and some of their own."""

import json
import re
import subprocess
import sys
import unittest
from urllib.parse import parse_qs, urlsplit

from dashboard_case import DashboardTest, documented
from pdtt_harness.dashboards import ROOT, Json, Query, panels, queries, variables_in

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
LABELS = {"datasource": "Data source", "job": "Job", "instance": "Instance", "user": "User",
          "network": "Network"}
# Identifiers of Grafana's own units, of which a wrong one would silently be shown as text.
UNITS = {"bps", "bytes", "cps", "dateTimeAsIso", "decbytes", "none", "percentunit", "pps", "s",
         "short"}


class Frame(DashboardTest):
    """Identity, variables and links."""

    def test_the_files_are_what_the_generator_writes(self) -> None:
        generator = ROOT / "grafana" / "generate.py"
        done = subprocess.run([sys.executable, "-B", generator, "--check"], capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_identities_are_stable(self) -> None:
        self.assertEqual(set(self.all), {"pdtt-users", "pdtt-user", "pdtt-fleet",
                                         "pdtt-connections", "pdtt-exporter"})
        for uid, dashboard in self.all.items():
            self.assertEqual(dashboard["uid"], uid)
            self.assertIn("pdtt", dashboard["tags"])
            self.assertNotIn("id", dashboard, "the number is the importing Grafana's")
            self.assertTrue(dashboard["title"] and dashboard["description"])

    def test_nobody_edits_what_the_next_import_replaces(self) -> None:
        def check(dashboard: Json) -> None:
            self.assertIs(dashboard["editable"], False)

        self.for_each(check)

    def test_the_reader_s_time_zone_and_a_refresh_are_set(self) -> None:
        def check(dashboard: Json) -> None:
            self.assertEqual((dashboard["timezone"], dashboard["refresh"]), ("browser", "30s"))

        self.for_each(check)

    def test_the_data_source_is_a_variable(self) -> None:
        def check(dashboard: Json) -> None:
            source = dashboard["templating"]["list"][0]
            self.assertEqual((source["name"], source["type"], source["query"]),
                             ("datasource", "datasource", "prometheus"))

        self.for_each(check)

    def test_jobs_and_instances_are_chosen_by_variables(self) -> None:
        def check(dashboard: Json) -> None:
            variables = self.variables(dashboard)
            for name in ("job", "instance"):
                self.assertTrue(variables[name]["multi"])
                self.assertTrue(variables[name]["includeAll"])
                self.assertEqual(variables[name]["allValue"], ".+")

        self.for_each(check)

    def test_variables_are_labelled_and_ask_the_chosen_data_source(self) -> None:
        known = documented()
        def check(dashboard: Json) -> None:
            seen = {"datasource"}
            for name, variable in self.variables(dashboard).items():
                self.assertEqual(variable["label"], LABELS[name])
                if variable["type"] != "query":
                    continue
                self.assertEqual(variable["datasource"], DATASOURCE)
                self.assertEqual(variable["refresh"], 2, "asked again when the range changes")
                found = re.fullmatch(r"label_values\((\w+)(\{.*\})?, (\w+)\)", variable["query"])
                assert found, variable["query"]
                self.assertIn(found[3], known[found[1]])
                self.assertLessEqual(variables_in(variable["query"]), seen, "those before it")
                seen.add(name)

        self.for_each(check)

    def test_each_variable_is_used_and_known(self) -> None:
        def check(dashboard: Json) -> None:
            used = {"datasource"}.union(*(variables_in(query.expression)
                                          for query in queries(dashboard)))
            self.assertEqual({name for name in used if not name.startswith("__")},
                             set(self.variables(dashboard)))

        self.for_each(check)

    def test_links_lead_to_dashboards_with_variables_they_have(self) -> None:
        def check(dashboard: Json) -> None:
            texts = re.findall(r'"url": "([^"]+)"', json.dumps(dashboard))
            targets = set()
            for text in texts:
                for name in re.findall(r"\$\{([a-z]+):queryparam\}", text):
                    self.assertIn(name, self.variables(dashboard), "kept from here")
                filled = re.sub(r"\$\{([a-z]+):queryparam\}", r"var-\1=kept", text)
                address = urlsplit(re.sub(r"\$\{[^}]+\}", "x", filled))
                target = address.path.removeprefix("/d/")
                self.assertIn(target, self.all)
                targets.add(target)
                for name in parse_qs(address.query):
                    self.assertIn(name.removeprefix("var-"), self.variables(self.all[target]))
            self.assertLessEqual(set(self.all) - {dashboard["uid"]}, targets)

        self.for_each(check)

    def test_a_choice_of_several_users_is_not_kept_for_one_user(self) -> None:
        def check(dashboard: Json) -> None:
            for link in dashboard["links"]:
                if link["url"].startswith("/d/pdtt-user?"):
                    self.assertNotIn("${user:", link["url"])

        self.for_each(check)

    def test_panels_fill_the_grid_without_overlap(self) -> None:
        def check(dashboard: Json) -> None:
            taken: set[tuple[int, int]] = set()
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)))
            for panel in dashboard["panels"]:
                at = panel["gridPos"]
                cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                         for y in range(at["y"], at["y"] + at["h"])}
                self.assertEqual(taken & cells, set(), panel["title"])
                taken |= cells
            width, height = max(x for x, _ in taken) + 1, max(y for _, y in taken) + 1
            self.assertEqual((width, len(taken)), (24, 24 * height), "gaps")

        self.for_each(check)


class Panels(DashboardTest):
    """What each panel has."""

    def test_each_has_a_title_and_a_description(self) -> None:
        def check(dashboard: Json, panel: Json) -> None:
            self.assertTrue(panel["title"])
            self.assertRegex(panel["description"], r"\.$")
            titles = [other["title"] for other in panels(dashboard)]
            if panel["type"] != "table":
                same = [other["title"] for other in panels(dashboard)
                        if other["type"] == panel["type"]]
                self.assertEqual(same.count(panel["title"]), 1)
            self.assertLessEqual(titles.count(panel["title"]), 2)

        self.for_each_panel(check)

    def test_each_uses_the_chosen_data_source(self) -> None:
        def check(_: Json, panel: Json) -> None:
            self.assertEqual(panel["datasource"], DATASOURCE)
            self.assertTrue(panel["targets"], "no queries")
            for target in panel["targets"]:
                self.assertEqual(target["datasource"], DATASOURCE)

        self.for_each_panel(check)

    def test_each_has_a_unit_that_grafana_knows(self) -> None:
        def check(_: Json, panel: Json) -> None:
            config = panel["fieldConfig"]
            units = [config["defaults"].get("unit")]
            units += [item["value"] for override in config["overrides"]
                      for item in override["properties"] if item["id"] == "unit"]
            self.assertLessEqual(set(units), UNITS)

        self.for_each_panel(check)

    def test_each_table_is_sorted_by_a_column_it_has(self) -> None:
        def check(_: Json, panel: Json) -> None:
            if panel["type"] == "table":
                names = panel["transformations"][1]["options"]["renameByName"]
                self.assertIn(panel["options"]["sortBy"][0]["displayName"], names.values())
                self.assertEqual(len(set(names.values())), len(names), "two columns of one name")

        self.for_each_panel(check)

    def test_series_that_are_several_have_legends(self) -> None:
        def check(query: Query) -> None:
            if query.kind in ("timeseries", "piechart", "bargauge", "state-timeline"):
                self.assertTrue(query.legend)

        self.for_each_query(check)


if __name__ == "__main__":
    unittest.main()
