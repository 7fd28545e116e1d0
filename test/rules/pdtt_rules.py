# SPDX-License-Identifier: Apache-2.0
"""The shipped rules and their promtool tests, as Python values."""

import functools
import re
import shutil
import subprocess
import sys
import unittest
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import yaml  # type: ignore[import]
except ImportError:
    print("skipped: needs PyYAML (Debian package python3-yaml)")
    sys.exit(77)

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"
TESTS = Path(__file__).parent
SKIPPED = 77  # SKIP_RETURN_CODE in CMakeLists.txt


@dataclass(frozen=True)
class Rule:
    """A recording or an alerting rule."""

    file: Path
    name: str
    is_alert: bool
    body: dict[str, Any]

    @property
    def expression(self) -> str:
        """What it evaluates."""
        return str(self.body["expr"])


@functools.cache
def load(path: Path) -> Any:
    """The content of a YAML file; not to be changed."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def dump(path: Path, content: Any) -> None:
    """Writes a YAML file."""
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def rule_files() -> list[Path]:
    """All that is shipped."""
    return sorted(RULES.glob("*.yml"))


def test_files() -> list[Path]:
    """The files that promtool tests them with."""
    return sorted(TESTS.glob("*.test.yml"))


def all_rules() -> list[Rule]:
    """The rules of all files, in order."""
    return [Rule(file, rule.get("alert") or rule["record"], "alert" in rule, rule)
            for file in rule_files() for group in load(file)["groups"]
            for rule in group["rules"]]


def all_tests() -> Iterator[dict[str, Any]]:
    """The test groups of all files."""
    for file in test_files():
        yield from load(file)["tests"]


def tested_alerts(test: dict[str, Any]) -> list[dict[str, Any]]:
    """What a test group expects of alerts."""
    return list(test.get("alert_rule_test", []))


def tested_expressions(test: dict[str, Any]) -> list[dict[str, Any]]:
    """What a test group expects of expressions."""
    return list(test.get("promql_expr_test", []))


def documented_queries() -> list[str]:
    """The PromQL of the documents about Prometheus; lines that go on are indented."""
    return [query for name in ("metrics.md", "prometheus.md", "runbook.md")
            for block in re.findall(r"(?ms)^```promql\n(.*?)^```$",
                                    (ROOT / "docs" / name).read_text(encoding="utf-8"))
            for query in re.split(r"\n(?=\S)", block.strip())]


def names_in(expression: str) -> set[str]:
    """The series an expression asks for: metrics and recorded ones."""
    bare = re.sub(r'"[^"]*"|\[[^]]*\]', "", expression)
    found = re.findall(r"[a-z_0-9]+:[a-z_0-9:]+|\b(?:pdtt|process)_[a-z_]+", bare)
    return set(found) | set(re.findall(r"\bup\b", bare))


def promtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs promtool and returns what it said."""
    return subprocess.run(["promtool", *arguments], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=600, check=False)


def main() -> None:
    """Runs the tests of the calling file; without promtool they are skipped."""
    if not shutil.which("promtool"):
        print("skipped: promtool is not installed (Debian package prometheus)")
        sys.exit(SKIPPED)
    unittest.main(module="__main__", verbosity=2)
