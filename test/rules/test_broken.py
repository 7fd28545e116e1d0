#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks every rule in every way that matters, and sees the tests of the rules fail.

A threshold is halved and doubled, a matcher or a condition dropped, a comparison turned round, a
wait cut short and drawn out, an alert kept from firing. What no test notices has no test.
"""

import copy
import itertools
import re
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pdtt_rules import Rule, all_rules, dump, load, main, names_in, promtool, test_files

_NEVER = "vector(0) > 1"
# Literals outside of strings, ranges and names.
_NUMBER = re.compile(r'"[^"]*"|\[[^]]*\]|offset \w+|[a-z_]\w*(?::\w+)*'
                     r'|(?P<number>\d[\d.]*(?:e\d+)?)')
_MATCHER = re.compile(r'\w+\s*(?:!~|!=|=~|=)\s*"[^"]*"\s*,?\s*')
_COMPARISON = re.compile(r" (>=|<=|>|<) ")
_OPERATOR = re.compile(r'"[^"]*"|(?P<open>[({[])|(?P<close>[)}\]])|\b(?P<word>and|or|unless)\b')
_TURNED = {">": "<", "<": ">", ">=": "<", "<=": ">"}

# What may be broken without being seen, and why.
_EXCUSED = {
    ("PdttSeriesDropped", "0 -> 1"): "a connection has five series, which go together",
}


def changed_numbers(expression: str) -> Iterator[tuple[str, str]]:
    """Each number twice as large and half as large; 0 becomes 1."""
    for match in _NUMBER.finditer(expression):
        number = match["number"]
        if number is not None:
            values = [float(number) * 2, float(number) / 2] if float(number) else [1.0]
            for value in values:
                yield (f"{number} -> {value:g}",
                       expression[:match.start()] + f"{value:g}" + expression[match.end():])


def without_matchers(expression: str) -> Iterator[tuple[str, str]]:
    """Each label matcher left out."""
    for match in _MATCHER.finditer(expression):
        yield (f"without {match[0].strip()}",
               expression[:match.start()] + expression[match.end():])


def turned(expression: str) -> Iterator[tuple[str, str]]:
    """Each comparison the other way round."""
    for match in _COMPARISON.finditer(expression):
        yield (f"{match[1]} turned at {match.start()}",
               expression[:match.start(1)] + _TURNED[match[1]] + expression[match.end(1):])


def without_conditions(expression: str) -> Iterator[tuple[str, str]]:
    """Each further condition left out: what follows an `and`, `or` or `unless` outside brackets."""
    starts, depth = [], 0
    for match in _OPERATOR.finditer(expression):
        if match["open"] or match["close"]:
            depth += 1 if match["open"] else -1
        elif match["word"] and depth == 0:
            starts.append(match.start())
    for start, end in zip(starts, [*starts[1:], len(expression)]):
        yield (f"without {' '.join(expression[start:end].split())}",
               expression[:start] + expression[end:])


def broken(rule: Rule) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rule's bodies after each way of breaking it, with a name for the way."""
    expressions = [("never", _NEVER), *without_matchers(rule.expression)]
    if rule.is_alert:
        expressions += [*changed_numbers(rule.expression), *turned(rule.expression),
                        *without_conditions(rule.expression)]
    else:
        expressions += [("a little more", f"({rule.expression}) * 1.01 + 1e-3")]
    for way, expression in expressions:
        yield way, rule.body | {"expr": expression}
    if rule.is_alert:
        length, unit = int(rule.body["for"][:-1]), rule.body["for"][-1]
        yield "waits too long", rule.body | {"for": f"{length * 2}{unit}"}
        yield "does not wait", rule.body | {"for": "0s"}


def needed_by(names: set[str]) -> set[str]:
    """These names with those of all rules that they stand on."""
    recorded = {rule.name: rule for rule in all_rules() if not rule.is_alert}
    found: set[str] = set()
    while names:
        name = names.pop()
        found.add(name)
        if name in recorded:
            names |= names_in(recorded[name].expression) - found
    return found


class Bench:
    """The tests that one rule occurs in, cut down to what concerns it, in a folder of their own."""

    def __init__(self, rule: Rule, folder: Path) -> None:
        self._rule = rule
        self._folder = folder
        self._needed = needed_by({rule.name} | names_in(rule.expression))
        self._tests = list(self._own_tests())

    def _own_tests(self) -> Iterator[Path]:
        for file in test_files():
            content = copy.deepcopy(load(file))
            for test in content["tests"]:
                self._cut(test)
            content["tests"] = [test for test in content["tests"]
                                if test["alert_rule_test"] or test["promql_expr_test"]]
            content["rule_files"] = [str(self._folder / Path(name).name)
                                     for name in content["rule_files"]]
            if content["tests"]:
                path = self._folder / file.name
                dump(path, content)
                yield path

    def _cut(self, test: dict[str, Any]) -> None:
        test["alert_rule_test"] = [one for one in test.get("alert_rule_test", [])
                                   if one["alertname"] == self._rule.name]
        test["promql_expr_test"] = [one for one in test.get("promql_expr_test", [])
                                    if self._rule.name in names_in(one["expr"])]

    def notices(self, body: dict[str, Any]) -> bool:
        """Whether a test fails with the rule's body exchanged for this."""
        for file in {rule.file for rule in all_rules()}:
            content = copy.deepcopy(load(file))
            for group in content["groups"]:
                group["rules"] = [self._exchanged(rule, body) for rule in group["rules"]
                                  if self._is_needed(rule)]
            content["groups"] = [group for group in content["groups"] if group["rules"]]
            dump(self._folder / file.name, content)
        return any(promtool("test", "rules", str(test)).returncode != 0 for test in self._tests)

    def _is_needed(self, rule: dict[str, Any]) -> bool:
        return rule.get("alert") == self._rule.name or rule.get("record") in self._needed

    def _exchanged(self, rule: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        return body if self._rule.name in (rule.get("alert"), rule.get("record")) else rule


class Broken(unittest.TestCase):
    """Each rule, in each way."""

    def test_a_broken_rule_fails_its_test(self) -> None:
        for rule in all_rules():
            with tempfile.TemporaryDirectory() as folder:
                bench = Bench(rule, Path(folder))
                self.assertFalse(bench.notices(rule.body), f"{rule.name} fails as it is")
                for way, body in broken(rule):
                    if (rule.name, way) not in _EXCUSED:
                        with self.subTest(rule=rule.name, way=way):
                            self.assertTrue(bench.notices(body), body["expr"])

    def test_what_is_excused_is_still_there(self) -> None:
        ways = set(itertools.chain.from_iterable(
            ((rule.name, way) for way, _ in broken(rule)) for rule in all_rules()))
        self.assertLessEqual(set(_EXCUSED), ways)


if __name__ == "__main__":
    main()
