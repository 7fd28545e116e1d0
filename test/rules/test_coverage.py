#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule is tested, documented and about metrics that exist."""

import re
import unittest
from typing import Any

from pdtt_rules import (ROOT, Rule, all_rules, all_tests, documented_queries, main, names_in,
                        rule_files, tested_alerts, tested_expressions)

_DOCS = ROOT / "docs"
_TARGET_LABELS = {"job", "instance"}  # what Prometheus adds
_OWN_LABELS = {"role"}  # what targets/example.yml adds


def documented_metrics() -> dict[str, set[str]]:
    """The metrics of docs/metrics.md with their labels."""
    found = {}
    for line in (_DOCS / "metrics.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            names, _, labels, _ = line.strip("|").split("|")
            for name in re.findall(r"`([a-z_]+)`", names):
                found[name] = set(re.findall(r"`([a-z_]+)`", labels))
    return found


def runbook() -> dict[str, str]:
    """The sections of the runbook by their headings."""
    text = (_DOCS / "runbook.md").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^### (\S+)$", text)
    return dict(zip(parts[1::2], parts[2::2]))


def numbers_of(rule: Rule) -> set[str]:
    """The thresholds of an alert, as they are written."""
    bare = re.sub(r'"[^"]*"|\[[^]]*\]|offset \w+|pdtt\w*:?[\w:]*|\w+:\w[\w:]*', "", rule.expression)
    return set(re.findall(r"(?<![\w.])\d[\d.]*(?:e\d+)?", bare)) | {str(rule.body["for"])}


def threshold_table(text: str) -> dict[str, str]:
    """The lines about each alert in the comment at the top of a file."""
    head = text.split("\ngroups:")[0]
    rows = re.split(r"(?m)^#   (?=Pdtt)", head)[1:]
    return {row.split()[0]: row for row in rows}


class Alerts(unittest.TestCase):
    """What each alert must have."""

    def setUp(self) -> None:
        self.alerts = [rule for rule in all_rules() if rule.is_alert]
        self.assertGreater(len(self.alerts), 15)

    def expectations(self, rule: Rule) -> list[Any]:
        """The alerts that the tests expect, one list for each moment."""
        return [expected.get("exp_alerts") or [] for test in all_tests()
                for expected in tested_alerts(test) if expected["alertname"] == rule.name]

    def test_each_is_seen_to_fire_and_to_be_quiet(self) -> None:
        for rule in self.alerts:
            with self.subTest(alert=rule.name):
                expected = self.expectations(rule)
                self.assertTrue(any(expected), "no test sees it fire")
                self.assertTrue(any(not alerts for alerts in expected), "no test sees it quiet")

    def test_each_says_what_a_person_needs(self) -> None:
        for rule in self.alerts:
            with self.subTest(alert=rule.name):
                notes = rule.body["annotations"]
                self.assertEqual(set(notes), {"summary", "description", "runbook_url"})
                self.assertIn(rule.body["labels"]["severity"], ("info", "warning", "critical"))
                self.assertEqual(notes["runbook_url"], f"docs/runbook.md#{rule.name.lower()}")
                if not rule.expression.startswith("absent("):
                    self.assertIn("{{ $labels.", notes["summary"])
                    self.assertIn("{{ $", notes["description"])

    def test_each_has_a_section_in_the_runbook(self) -> None:
        sections = runbook()
        self.assertEqual({rule.name for rule in self.alerts}, set(sections))
        for name, text in sections.items():
            with self.subTest(alert=name):
                for part in ("**What it means.**", "**How to look.**", "**What to do.**"):
                    self.assertIn(part, text)

    def test_the_thresholds_at_the_top_are_those_of_the_rules(self) -> None:
        for file in rule_files():
            alerts = [rule for rule in self.alerts if rule.file == file]
            table = threshold_table(file.read_text(encoding="utf-8")) if alerts else {}
            self.assertEqual(list(table), [rule.name for rule in alerts])
            for rule in alerts:
                with self.subTest(alert=rule.name):
                    for number in numbers_of(rule):
                        self.assertRegex(table[rule.name], rf"(?<![\w.]){re.escape(number)}(?!\w)")

    def test_the_layers_nobody_wants_are_known_by_the_exporters_words(self) -> None:
        rule = next(rule for rule in self.alerts if rule.name == "PdttLayerDown")
        reasons = re.search(r'reason!~"([^"]*)"', rule.expression)
        assert reasons
        source = (ROOT / "exporter" / "bpf" / "layers.cpp").read_text(encoding="utf-8")
        said = re.findall(r'"([^"]*)"', source)
        for reason in reasons[1].split("|"):
            self.assertTrue(any(re.fullmatch(reason, words) for words in said), reason)


class Recorded(unittest.TestCase):
    """What each recorded series must have."""

    def test_each_is_seen_with_a_value(self) -> None:
        for rule in all_rules():
            if not rule.is_alert:
                with self.subTest(record=rule.name):
                    self.assertTrue(any(
                        rule.name in names_in(expected["expr"]) and expected.get("exp_samples")
                        for test in all_tests() for expected in tested_expressions(test)))

    def test_names_are_a_level_a_metric_and_operations(self) -> None:
        for rule in all_rules():
            if not rule.is_alert:
                self.assertRegex(rule.name, r"^[a-z_]+:pdtt_[a-z_]+:[a-z0-9_]+$")


class Metrics(unittest.TestCase):
    """What expressions and tests are about."""

    def test_each_metric_is_served_or_recorded(self) -> None:
        known = set(documented_metrics()) | {rule.name for rule in all_rules()} | {"up"}
        for expression in [rule.expression for rule in all_rules()] + documented_queries():
            with self.subTest(expression=expression):
                self.assertTrue(names_in(expression))
                self.assertEqual(names_in(expression) - known, set())

    def test_the_tests_feed_in_series_with_the_exporters_labels(self) -> None:
        metrics: dict[str, set[str]] = documented_metrics() | {"up": set()}
        for test in all_tests():
            for series in test["input_series"]:
                name = series["series"].partition("{")[0]
                given = set(re.findall(r'(\w+)="', series["series"]))
                with self.subTest(test=test["name"], series=name):
                    self.assertLessEqual(_TARGET_LABELS, given)
                    self.assertEqual(given - _TARGET_LABELS - _OWN_LABELS, metrics[name])


if __name__ == "__main__":
    main()
