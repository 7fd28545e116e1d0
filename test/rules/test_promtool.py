#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""promtool accepts what is shipped, and the rules do what their tests say."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from pdtt_rules import ROOT, documented_queries, dump, main, promtool, rule_files, test_files

_PROMETHEUS = ROOT / "deploy" / "prometheus"


class Promtool(unittest.TestCase):
    """Each file by itself."""

    def assert_accepted(self, *arguments: str) -> None:
        """promtool has nothing to complain about."""
        done = promtool(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_rules_are_rules(self) -> None:
        for file in rule_files():
            with self.subTest(file=file.name):
                self.assert_accepted("check", "rules", "--lint=all", "--lint-fatal", str(file))

    def test_the_rules_do_what_the_tests_say(self) -> None:
        self.assertGreaterEqual(len(test_files()), 4)
        for file in test_files():
            with self.subTest(file=file.name):
                self.assert_accepted("test", "rules", str(file))

    def test_the_queries_of_the_documents_are_queries(self) -> None:
        queries = documented_queries()
        self.assertGreater(len(queries), 20)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "queries.yml"
            dump(file, {"groups": [{"name": "documents", "rules": [
                {"record": f"query:{number}", "expr": query}
                for number, query in enumerate(queries)]}]})
            self.assert_accepted("check", "rules", str(file))

    def test_the_example_for_prometheus(self) -> None:
        self.assert_accepted("check", "config", "--lint=all", "--lint-fatal",
                             str(_PROMETHEUS / "prometheus.yml"))

    def test_the_example_for_an_agent(self) -> None:
        self.assert_accepted("check", "config", "--agent", str(_PROMETHEUS / "agent.yml"))

    def test_the_example_for_alertmanager(self) -> None:
        if not shutil.which("amtool"):
            self.skipTest("needs amtool (Debian package prometheus-alertmanager)")
        done = subprocess.run(["amtool", "check-config", str(_PROMETHEUS / "alertmanager.yml")],
                              text=True, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    main()
